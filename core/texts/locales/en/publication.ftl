# Signatures written into mailboxes.

publications-title = Into mailboxes
publications-text = Signatures are written where people’s mail is, like a change to a server: planned, looked at, tried on a few, then done, and taken back if need be.
publications-panel-text = Written where people’s mail is, without their doing anything. A plan writes nothing.
publications-all = All of them
publications-open = Write into mailboxes
publications-none-title = Nothing was written yet
publications-step-plan = Plan. Every mailbox is read, none is written.
publications-step-look = Look. Each mailbox shows what stands there and what will.
publications-step-ring = Try. The signatures of a few are written first.
publications-step-all = Write the others, with a pause or a stop at any moment.
publications-step-back = Look later for those that were changed, or restore exactly what stood there before.
publications-no-source = No source here reaches mailboxes. One of Google Workspace does; a file or an LDAP directory tells who people are, and has no mailboxes to write to. For Outlook there is the add-in, and everybody can copy their own signature.
publications-without = These sources have no mailboxes: { $names }. Whoever they tell of can be reached by the mailboxes of another source.
publications-list = Publications
publications-column-what = What
publications-column-source = Source
publications-column-counts = Mailboxes
publications-column-state = State
publications-new = Plan
publications-new-text = Reads the mailboxes and says what would be written. Nothing is written before you say so.
publications-anew = { $count ->
    [one] Only about the one mailbox that the look begun on { $when } at { $source } found changed.
   *[other] Only about the { $count } mailboxes that the look begun on { $when } at { $source } found changed.
}
publications-anew-not = Rather plan for others
publications-source = Source
publications-kind = What for
publications-day = By the rules of which day
publications-day-hint = Counts where signatures are written. Campaigns have their days.
publications-query = Only whom these words find
publications-query-hint = As in the list of people: parts of a name, a title, an office.
publications-group = Only who is in this group or team
publications-group-hint = Its name, or its id.
publications-begin = Read the mailboxes
publication-kind-publish = Write signatures
publication-kind-drift = Look for changed ones
publication-kind-restore = Restore what stood there before
publication-title-publish = Write signatures: { $source }
publication-title-drift = Look for changed signatures: { $source }
publication-title-restore = Restore what stood there: { $source }
publication-refused-source = That source reaches no mailboxes.
publication-refused-open = A publication of this source has not ended: finish it or stop it first.
publication-refused-open-see = See it
publication-refused-many = More people were named than can be.
publication-refused-group = There is no group “{ $name }”.
publication-refused-groups = Several groups are called “{ $name }”: write the id of the one that is meant. { $ids }
publication-refused-nobody = Nobody fits whose mailbox could get a signature.
publication-refused-unread = { $source } tells who is there, and has told of nobody yet: run it first, on its page or by { $command }.
publication-refused-left = Who left gets no signature: { $names }.
publication-refused-look = What was found changed are mailboxes of another source.
publication-refused-unwritten = Estampe has written no mailbox of these, or all were restored.
publication-state-planning = being planned
publication-state-planned = waits for your word
publication-state-applying = being written
publication-state-paused = paused
publication-state-stopped = stopped
publication-state-done = done
publication-reads = The mailboxes are being read. Nothing is written.
publication-stands = The plan stands. Nothing is written before you say so.
publication-stands-on = What was released is written. The others wait for your word.
publication-writes = Signatures are being written, one mailbox after the other. You may leave this page.
publication-restores = What stood there before is being written back, one mailbox after the other. You may leave this page.
publication-rests = Nothing is done until it is resumed.
publication-ended = Done on { $when }.
publication-nothing = Done on { $when }. Nothing had to be written.
publication-stopped = Stopped on { $when }. What was written stays, and can be restored.
publication-provider-waits = The provider asked for a pause: it is left alone until { $when }.
publication-progress-reads = { $count ->
    [one] { $done } of one mailbox read
   *[other] { $done } of { $count } mailboxes read
}
publication-progress-writes = { $count ->
    [one] { $done } of one mailbox that was released
   *[other] { $done } of { $count } mailboxes that were released
}
publication-bar = How far it is
publication-paused-title = Paused
publication-paused-asked = Somebody paused it. The mailbox in hand was finished.
publication-paused-config = One mailbox after the other was refused: the settings of the source do not work. Mend them, check access there, then resume.
publication-paused-access = One mailbox after the other was refused: the provider does not let Estampe in. Look at the credential and at what it may do, check access there, then resume. Those that were refused are tried again.
publication-paused-plugin = The plugin of the source cannot be called. Its page says why; then resume.
publication-paused-source = See the source
publication-pause = Pause
publication-resume = Resume
publication-stop = Stop
publication-stop-text = Stop ends it. What was written stays.
publication-drop = Drop the plan
publication-counts = Mailboxes by how far they are
publication-count-waiting = { $count } to be read
publication-count-planned = { $count } to be written
publication-count-restore = { $count } to be restored
publication-count-applying = { $count } being written
publication-count-done = { $count } written
publication-count-restored = { $count } restored
publication-count-unchanged = { $count } right already
publication-count-as-written = { $count } as they were written
publication-count-skipped = { $count } left alone
publication-count-failed = { $count } failed
publication-count-drifted = { $count } changed since
publication-line-waiting = to be read
publication-line-planned = to be written
publication-line-restore = to be restored
publication-line-applying = being written
publication-line-done = written
publication-line-restored = restored
publication-line-unchanged = right already
publication-line-as-written = as it was written
publication-line-skipped = left alone
publication-line-failed = failed
publication-line-drifted = changed since
publication-show = Which mailboxes
publication-show-all = All
publication-show-waiting = To be read
publication-show-planned = To be written
publication-show-restore = To be restored
publication-show-applying = Being written
publication-show-done = Written
publication-show-restored = Restored
publication-show-unchanged = Right already
publication-show-as-written = As written
publication-show-skipped = Left alone
publication-show-failed = Failed
publication-show-drifted = Changed since
publication-lines = Mailboxes
publication-column-holder = Holder
publication-column-address = Address
publication-column-why = Why
publication-column-state = State
publication-lines-none = No mailbox is in this state now.
publication-somebody = somebody
publication-ring-first = Write a first ring
publication-ring-next = Write the others
publication-ring-text = { $count ->
    [one] One mailbox waits.
   *[other] { $count } mailboxes wait.
} Begin with a few people who look at theirs, then write the others.
publication-ring-of = Which of them
publication-ring-some = The first of them, by name
publication-ring-how-many = How many
publication-ring-ticked = Those ticked in the list below
publication-ring-all = { $count ->
    [one] The one that remains
   *[other] All { $count } that remain
}
publication-ring-choose = Choose these
publication-ring-pick = Choose { $name }
publication-ring-nobody = None of the mailboxes that wait was chosen.
publication-ring-number = How many? A whole number, one at least.
publication-changed = The plan is not what this page showed any more: other mailboxes remain. Nothing was written; look once more.
publication-not-planned = This does not wait for your word any more. Nothing was written by this.
publication-not-administrator = The e-mail address of your account administers nothing at the provider of this source. Signatures are published by somebody whose address does. Nothing was written.
publication-provider-silent = The provider could not be asked whether you administer the organisation. Nothing was written.
publication-ask-write = { $count ->
    [one] Write one signature?
   *[other] Write { $count } signatures?
}
publication-ask-restore = { $count ->
    [one] Restore one mailbox?
   *[other] Restore { $count } mailboxes?
}
publication-ask-write-text = What stands in these mailboxes now is kept first, and can be restored. Each is read once more before it is written: where something else stands than the plan saw, it is left alone.
publication-ask-restore-text = Exactly what stood there before Estampe ever wrote comes back. Where somebody changed it since the plan was made, it is left alone.
publication-ask-second = Another administrator has to agree before anything is written.
publication-do-write = { $count ->
    [one] Write one signature
   *[other] Write { $count } signatures
}
publication-do-restore = { $count ->
    [one] Restore one mailbox
   *[other] Restore { $count } mailboxes
}
publication-leave = Back, and write nothing
publication-facts = What this is
publication-begun = Begun
publication-rings = Rings
publication-next = What can be done now
publication-next-text = Mailboxes belong to people: they change what stands there. Looking for that writes nothing. Restoring begins with a plan too.
publication-anew = { $count ->
    [one] Plan to write the changed one anew
   *[other] Plan to write these { $count } anew
}
publication-line-found = What stood there when it was read
publication-line-found-frame = The signature in the mailbox, without its pictures and links
publication-line-before = What stands there now
publication-line-wanted = What will stand there
publication-line-wanted-frame = The signature that will stand there
publication-line-written = What was written
publication-line-meant = What the plan wants
publication-line-mailbox = Mailbox
publication-line-tries = Tries
publication-line-empty = No signature.
publication-line-not-read = The mailbox was not read.
publication-line-none-wanted = Nothing is written here.
publication-line-tangled = Too tangled to be shown.
publication-line-pictures = Pictures and links of a mailbox are not loaded here: whoever put them there would learn of it.
publication-line-look = How it looks
publication-line-changes = What changes for a reader
publication-line-same = Words, links and pictures stay. What changes is how it is laid out, or its colours.
publication-line-long = Too long to be compared line by line.
publication-line-link = Link: { $to }
publication-line-picture = Picture: { $alt } { $from }
publication-line-html = As HTML
publication-line-signature = See their signature
publication-why-no-signature = No rule gives them a signature on that day.
publication-why-no-email = Their source says no e-mail address. One that was typed here is not used: it could be anybody’s.
publication-why-no-address = The mailbox does not send from this address.
publication-why-gone = They left, or were erased, since the plan was begun.
publication-why-template = The template fails for their data: their signature says how.
publication-why-changed = Something else stands there since the plan was made. The next plan shows it.
publication-why-rewritten = The provider made something else of it than was sent.
publication-why-there = It stood there already.
publication-why-shared = Somebody else of this plan has the same address. Nobody’s signature is written there before their source tells them apart.
publication-why-unsure = Nobody knows whether it was ever written: the provider did not answer. What stands there is not Estampe’s.
publication-why-config = The settings of the source do not work.
publication-why-auth = The provider refused the credential.
publication-why-denied = The provider, or what the plugin was granted, does not allow it.
publication-why-not-found = The provider knows no such mailbox.
publication-why-busy = The provider had too much to do.
publication-why-away = The provider did not answer.
publication-why-again = It is tried again.
publication-why-unsupported = The provider cannot do this for this mailbox.
publication-why-limit = It is longer than the provider or Estampe takes.
publication-why-conflict = The provider says that it contradicts what is there.
publication-why-defect = The plugin stopped on a defect: tell whoever supplies it.
home-publication-planned-title = The signatures of { $source } wait for your word
home-publication-planned-text = { $count ->
    [one] One mailbox is not written before somebody says so. Planned on { $when }.
   *[other] { $count } mailboxes are not written before somebody says so. Planned on { $when }.
}
home-publication-paused-title = The signatures of { $source } are paused
home-publication-drifted-title = { $count ->
    [one] One signature of { $source } was changed
   *[other] { $count } signatures of { $source } were changed
}
home-publication-drifted-text = Somebody wrote another one into the mailbox. They can be written anew, or left.
home-publication-action = Look at it
ending-mailboxes = Mailboxes
ending-mailboxes-text = { $count ->
    [one] In one of them stands a signature that Estampe wrote. What stood there before cannot be brought back once the source is gone.
   *[other] In { $count } of them stands a signature that Estampe wrote. What stood there before cannot be brought back once the source is gone.
}
ending-restore = Restore first
ending-publication = Signatures of this source’s mailboxes are being read or written. Let that end, or stop it first; nothing was changed.
ending-publication-see = See it
