# Changes on their way to the directory.

changes-title = Changes for the directory
changes-text = These fields are written into the directory, once the person, or whoever leads a team of theirs, has agreed. The card shows what the directory says until that has the change.
changes-empty = Nothing waits to be written.
changes-stale = This change is not the same any more. Nothing was done; this is how it stands.
changes-count = { $count ->
    [one] One change for the directory waits or failed
   *[other] { $count } changes for the directory wait or failed
}
change-was = In the directory
change-wanted = To become
change-asked-by = asked for by { $name } { $ago }
change-asked = asked for on the command line or by a program { $ago }
change-agree = Agree
change-again = Try again
change-refuse = Refuse
change-end = Withdraw
change-state-asked = waits for agreement
change-state-approved = to be written
change-state-waits = waits for the directory
change-state-writing = being written
change-state-failed = failed
change-state-conflict = other value
change-why-asked = The person, or whoever leads a team of theirs, agrees. Nobody else can.
change-why-busy = The directory “{ $source }” wants a pause. It is tried again by itself.
change-why-away = The directory “{ $source }” does not answer. It is tried again by itself, for a day.
change-why-away-long = The directory “{ $source }” did not answer for a whole day. Try again when it is back.
change-why-off = This field is not written into “{ $source }” any more. Withdraw the change, or set the source to write it again.
change-why-gone = “{ $source }” does not know this person any more. Withdraw the change.
change-why-mapping = The source “{ $source }” cannot write this field any more: look at its plugin, its grants and the mapping of attributes.
change-why-not-shown = The directory “{ $source }” took the change several times and does not show it. Look there at what this field holds.
change-why-denied = The directory “{ $source }” refuses this change: a permission is missing, or this person is protected there (a role of an administrator).
change-why-access = Access to “{ $source }” is refused: check the source.
change-why-unsupported = The directory “{ $source }” does not take this change: the person comes there from another directory, or the value does not fit.
change-why-other = Writing failed. The log of the service says more; try again.
change-why-conflict = “{ $source }” says something else by now: { $value }. Nothing was overwritten. Withdraw the change, and enter the value again if it is still wanted.
