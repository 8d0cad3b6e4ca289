# Synchronisations: plan, approval, report.

run-title = Plan of { $when }
run-title-done = Synchronisation of { $when }
run-state-planning = reading
run-state-held = waiting
run-state-applying = applying
run-state-done = up to date
run-state-failed = failed
run-state-discarded = discarded

run-planning-text = Reading the directory. Nothing is changed before the whole plan stands. This page refreshes by itself.
run-applying-text = The changes are being applied. This page refreshes by itself.
run-held-text = Nothing is applied yet.
run-done-text = Applied on { $when }.
run-failed-half = What was applied stays. The next synchronisation does the rest.
run-failed-text = Nothing was changed.
run-discarded-text = The plan was discarded on { $when }. Nothing was changed.

run-gone-title = { $count ->
    [one] One person of { $known } would disappear ({ $percent }%)
   *[other] { $count } people of { $known } would disappear ({ $percent }%)
}
run-gone-text = That is more than usual. Check that the directory is complete: a unit that moved or a file cut short looks the same. Disabling takes cards down and erases nothing; a later synchronisation brings them back.
run-groups-gone-title = { $count ->
    [one] One group of { $known } would go ({ $percent }%)
   *[other] { $count } groups of { $known } would go ({ $percent }%)
}
run-groups-gone-text = That is more than usual. Whoever is in them loses what these groups give: teams, roles, signatures. Check the base and the filter of the groups, and whether the account may still read them.
run-plan-title = { $count ->
    [0] Only groups change
    [one] One change is ready
   *[other] { $count } changes are ready
}
run-plan-text = You asked for a plan only. It waits for your word.
run-approve-gone = { $count ->
    [one] Disable this person
   *[other] Disable the { $count }
}
run-approve-groups-gone = { $count ->
    [one] Let this group go, and apply the rest
   *[other] Let the { $count } groups go, and apply the rest
}
run-approve-gone-others = Disable the { $count } and apply { $others ->
    [one] one other change
   *[other] { $others } other changes
}
run-approve = { $count ->
    [0] Finish
    [one] Apply this change
   *[other] Apply { $count } changes
}
run-discard = Discard this plan
run-failed-title = The synchronisation did not succeed
run-failed-again = Synchronise again

failure-config = The source’s settings do not work: mend them, then check access.
failure-access = Access was refused: a grant is missing, or the directory refuses.
failure-access-which = The words below say which.
failure-missing = What should be read is not there: check the path.
failure-away = The directory does not answer: try again later.
failure-limit = A limit was passed: the directory is larger than the plugin can read.
failure-applying = Estampe could not write all of the plan. The server’s log says why.
failure-defect = The plugin stopped on a defect: tell whoever supplies it.

run-chips = Summary of the plan
run-chip-created = { $count } new
run-chip-changed = { $count } changed
run-chip-disable = { $count } to disable
run-chip-disabled = { $count } disabled
run-chip-unchanged = { $count } with nothing to do
run-chip-refused = { $count } refused
run-chip-groups-created = { $count ->
    [one] { $count } new group
   *[other] { $count } new groups
}
run-chip-groups-changed = { $count ->
    [one] { $count } group changed
   *[other] { $count } groups changed
}
run-chip-groups-go = { $count ->
    [one] { $count } group to go
   *[other] { $count } groups to go
}
run-chip-groups-gone = { $count ->
    [one] { $count } group gone
   *[other] { $count } groups gone
}

run-groups-going = Groups that would go
run-lines = Changes
run-column-person = Person
run-column-change = Change
run-column-decision = Decision
run-line-created = card made
run-line-create = card to be made
run-line-back = card shown again
run-line-disable = card to be taken down, nothing erased
run-line-disabled = card taken down, nothing erased
run-action-create = new
run-action-update = changed
run-action-disable = to disable
run-action-disabled = disabled
run-old = before
run-new = after
run-lines-count = { $count ->
    [one] One line.
   *[other] { $shown } lines of { $count }.
}
run-show = What is shown
run-show-all = All
run-show-disable = To disable
run-show-disabled = Disabled
run-show-changed = Changed
run-show-created = New
run-show-refused = Refused
run-why-missing = no longer in the source
run-why-deleted = deleted, or moved out of what this source reads
run-why-moved = moved out of what this source reads
run-why-disabled-there = marked as not active there
run-why-back = back in the source
run-line-same = nothing that their card shows
run-value-none = nothing
run-photo-new = a new photo
run-photo-old = the photo so far
run-lines-none = Nothing changes.
run-nothing-text = The source was read to its end: everybody here is as it says. Nothing was changed.
run-lines-past = The details of this synchronisation are no longer kept.

run-refusals = Refused
run-refusals-all = See all { $count }
run-refusals-kept = The reasons of the first { $kept } are kept, of { $count }.
run-refusals-text = They did not become people; the others are not touched.
run-column-position = Where
run-column-reason = Why
refusal-no-name-no-mail = Neither a name nor an e-mail address: this is not a person. Leave it out of the export, or give it a name.
refusal-name-not-granted = Fields that would give a name or an e-mail address are not granted to the plugin: grant them, and run it again.
refusal-bad-name = The name cannot be shown: it is too long or holds invisible characters.
refusal-bad-identity = The identity is empty or too long. Each person needs one that never changes.
refusal-twice = This identity appears further up. The first entry was kept.
refusal-photo = The photo cannot be read. The person is kept, without this photo.
refusal-left-out = Some values cannot be read. The person is kept, without them.
refusal-connector = The entry cannot be read.
run-log = What the plugin wrote
run-log-lines = { $count ->
    [one] one line
   *[other] { $count } lines
}
log-debug = detail
log-info = information
log-warn = warning
log-error = error
