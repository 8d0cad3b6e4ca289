# Disconnecting a source.

source-ending = being disconnected
lead-for-erased = someone whose data was erased
ending-open = Disconnect this source
ending-ask-title = Disconnect { $name }
ending-ask-text = The source goes in every case. Choose what becomes of the people who came from it.
ending-run = A synchronisation of this source is open. End it first; nothing was changed.
ending-changed = Its people changed since this page was shown. Nothing was done: look at it again.
ending-concerned = What is concerned
ending-people = People
ending-elsewhere = { $count ->
    [one] One of them is known by another source too: that one’s data is not erased.
   *[other] { $count } of them are known by another source too: their data is not erased.
}
ending-leads = Their leads
ending-leads-stay = They stay: they are those of the visitors.
ending-goes = What goes
ending-goes-source = The source and its settings
ending-goes-runs = { $count ->
    [one] one synchronisation with its details
   *[other] { $count } synchronisations with their details
}
ending-goes-secrets = { $count ->
    [one] one secret
   *[other] { $count } secrets
}
ending-goes-state = { $count ->
    [one] one value that its plugin remembered
   *[other] { $count } values that its plugin remembered
}
ending-fate-keep = Keep the people
ending-keep-text = They stay as they are, and so do their cards. No source changes them any more. A source that names them later makes them anew, with other cards.
ending-keep-do = { $count ->
    [0] Disconnect
    [one] Disconnect, and keep this person
   *[other] Disconnect, and keep the { $count } people
}
ending-fate-disable = Disable the people
ending-disable-text = Their cards are taken down. Nothing is deleted. Whoever another source counts as active stays.
ending-disable-do = { $count ->
    [0] Disconnect; no card is taken down
    [one] Disconnect, and take one card down
   *[other] Disconnect, and take { $count } cards down
}
ending-fate-erase = Erase the people
ending-erase-text = Names, profiles, photos and identities are erased, here at once and in the backups when those expire. { $cards ->
    [0] No card is taken down.
    [one] One card is taken down; its address is never given again.
   *[other] { $cards } cards are taken down; their addresses are never given again.
} Nothing brings this back.
ending-name = To erase, type the name of the source: { $name }
ending-name-wrong = That is not the name of this source.
ending-erase-do = { $count ->
    [0] Disconnect; nobody is erased
    [one] Disconnect, and erase one person
   *[other] Disconnect, and erase { $count } people
}
ending-title-moves = { $name } is being disconnected
ending-title-done = { $name } was disconnected
ending-moves-text = Nothing else can be done with this source. It goes on after a restart too. This page refreshes by itself.
ending-done-text = Done on { $when }. A source of this name can be added again.
ending-progress = { $count ->
    [one] { $done } person of one
   *[other] { $done } of { $count } people
}
ending-began = Decided
ending-done-erased = Erased
ending-done-disabled = Card taken down
ending-done-released = As they were
ending-done-runs = Synchronisations forgotten
ending-nobody = nobody
