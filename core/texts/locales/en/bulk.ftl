# One thing done to the cards of many people.

person-card-down = taken down
person-card-down-text = This card was taken down here. Nobody sees it until it is put up again, whatever the directory says.
people-cards-down = taken down
bulk-title = With the people you tick
bulk-all = { $count ->
    [one] The one person found
   *[other] All { $count } people found, on every page
}
bulk-all-least = All people found, on every page
bulk-down = Take their cards down
bulk-up = Put their cards up
bulk-down-one = Take the card down
bulk-up-one = Put the card up
bulk-pick = Choose { $name }
bulk-nobody = Nobody was chosen. Tick people in the list, or all that were found.
bulk-ask-down = { $count ->
    [one] Take one card down?
   *[other] Take { $count } cards down?
}
bulk-ask-up = { $count ->
    [one] Put one card up?
   *[other] Put { $count } cards up?
}
bulk-do-down = { $count ->
    [one] Take one card down
   *[other] Take { $count } cards down
}
bulk-do-up = { $count ->
    [one] Put one card up
   *[other] Put { $count } cards up
}
bulk-text-down = Whoever opens one of these cards is told that it is not there. Nothing is erased, and leads stay. No synchronisation puts them up again.
bulk-text-up = Cards that were taken down here are shown again. A card of somebody who left the directory stays hidden.
bulk-text-undo = For thirty days this can be undone: exactly the cards that change now are put back.
bulk-search = Everybody whom the search “{ $query }” finds.
bulk-leave = Leave everything as it is
bulk-changed-meanwhile = The people found are others than before. Look at the number once more.
bulk-moves-down = Cards are being taken down
bulk-moves-up = Cards are being put up
bulk-moves-text = You may leave this page: the work goes on, and stands here when you come back.
bulk-progress = { $done } of { $count }
bulk-done-down = { $count ->
    [0] No card had to be taken down
    [one] One card was taken down
   *[other] { $count } cards were taken down
}
bulk-done-up = { $count ->
    [0] No card had to be put up
    [one] One card was put up
   *[other] { $count } cards were put up
}
bulk-done-text = Done on { $when }.
bulk-facts = What was done
bulk-began = Begun
bulk-chosen = People chosen
bulk-changed = Cards changed
bulk-same = Left as they stood
bulk-undo = { $count ->
    [one] Undo for this card
   *[other] Undo for these { $count } cards
}
bulk-undo-text = Possible for thirty days.
bulk-undoes = What this undid
bulk-undone-by = It was undone
