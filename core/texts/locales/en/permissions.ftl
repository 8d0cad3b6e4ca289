# What a source's provider has to permit, and its guided set-up.

permissions = Permissions
permissions-title = Permissions at { $provider }
permissions-text = Permit what is needed, and no more. A check asks one harmless question for each.
permissions-none = The plugin { $plugin } names no permissions.
permissions-check = Check each
permissions-all-there = Everything that is needed is there.
permissions-some-missing =
    { $count ->
        [one] One permission is missing.
       *[other] { $count } permissions are missing.
    }
permission = Permission
permissions-needed = Needed
permissions-granted = Granted
permissions-always = Always
permissions-now = Yes, switched on
permissions-off = No, switched off
permissions-there = There
permissions-missing = Missing
permissions-not-there = Not there
permissions-idle = There, not used
permissions-untried = Not tried
permissions-paste = To grant there
permissions-paste-text = What is needed for what is switched on now.
permissions-copy = Copy
permissions-copied = Copied.
permissions-copy-failed = Select it and copy it yourself.
permissions-beyond = More than is needed
permissions-beyond-text = These are granted there, and nothing here ever uses them. Take them back unless another program needs them.
permissions-never = Never used
permissions-never-text = Similar programs often ask for these. This plugin does not.
permissions-never-used = Never used
setup-title = At { $provider }
setup-text = Once, before the form below. Whoever administers { $provider } does this.
setup-want = What shall it do?
setup-want-text = Each asks for permissions there. Take what you need; more can be added later.
setup-show = Show the steps
setup-open = Open the page
setup-then = Then here
