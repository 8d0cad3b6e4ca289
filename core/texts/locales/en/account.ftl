# First start, signing in, accounts.

first-run-title = Welcome
first-run-text = Create the account that administers Estampe for { $organisation }.
first-run-token = First-run token
first-run-token-hint = On the server, the command “estampe first-run” shows it.
first-run-name = Your name
first-run-email = E-mail
first-run-email-hint = You sign in with it.
first-run-password = Password
first-run-password-hint = Twelve characters or more. A sentence is easier to remember.
first-run-submit = Create the account
first-run-token-wrong = This token is not valid. Show a new one on the server.
first-run-name-needed = Please give your name, on one line.
first-run-email-wrong = This address does not work. It should look like name@example.com.
password-too-short = It is too short: twelve characters or more.
password-too-long = It is too long: 256 characters at most.
password-too-uniform = It says too little for its length: digits alone, or the same characters again and again. Use letters too, or more of them.

sign-in-title = Sign in
sign-in-text = Console of { $organisation }
sign-in-email = E-mail
sign-in-password = Password
sign-in-submit = Sign in
sign-in-wrong = This address and this password do not belong together.
sign-in-out = You are signed out.
sign-in-throttled = Signing in is not possible right now. Wait a quarter of an hour, then try again.
sign-in-full = Nobody can sign in right now: the server’s storage is full. Tell whoever administers it; once there is room, this works again by itself.

sign-out = Sign out

welcome-title = Choose your password
welcome-text = For your account of { $organisation }’s console.
welcome-token = Code
welcome-token-hint = It came by mail, or whoever made the account gave it to you. It is good once.
welcome-token-wrong = This code is not valid, or it is too old. Ask for a new one.
welcome-submit = Choose and sign in

nothing-title = There is nothing here for you yet
nothing-person = You are signed in, but your account is not tied to a person, so it has no card and no leads to show. Ask whoever administers the accounts to choose your person.
nothing-role = You are signed in, but your account’s roles open no section. Ask whoever administers the accounts for the role that you need.

nav-teams = Teams
teams-text = Groups that somebody leads: a team manager sees their people, and the leads that these receive.
teams-empty = Nobody leads a group yet. Give an account the role “Team manager”, and add a group of a directory on its page.
teams-empty-own = No team was given to you yet. Ask whoever administers the accounts.
teams-column-name = Team
teams-column-leaders = Led by

nav-accounts = Accounts
nav-own = My card

accounts-title = Accounts
accounts-text = Who may sign in here, and what for.
accounts-count = { $count ->
    [one] One account
   *[other] { $count } accounts
}
account-name = Name
account-roles = Roles
account-state = State
account-active = active
account-invited = no password yet
account-providers = Signs in by { $providers }
account-disabled = disabled
account-new = New account
account-new-text = It has no password yet: you get a token to hand over, by which one is chosen.
account-create = Create the account
account-address-taken = An account has this address already.
account-role-needed = Choose at least one role.
account-last = This is the last administrator. Make another one first.
account-save = Save
account-sessions-end = Whoever is signed in with this account has to sign in anew.
account-invite = New token
account-invite-again = New token for another password
account-disable = Disable this account
account-enable = Enable this account
account-token-title = Hand over this token
account-token-text = { $name } chooses a password with it, once, within seven days. It is shown only now.
account-token-where = Where
account-token = Token
account-person = Person
account-person-hint = An employee sees the card and the leads of this person, and signs in only while the directory counts them.
account-person-none = Nobody’s
account-person-see = See this person
account-find = Find a person
account-find-hint = Name or e-mail, as in the list of people.
account-find-nobody = Nobody fits these words.
account-find-several = Several people fit. Choose one of them, or type more.
account-candidates = Which of them?
account-teams = Teams
account-teams-hint = A team manager sees the people of these groups, and the leads that they receive.
account-team-add = Add a group
account-team-hint = Its name, as on the page of its source, or its id.
account-team-unknown = No group has this name.
account-team-several = Several sources have a group of this name. Give its id: estampe group list shows it.

role-employee = Employee
role-employee-hint = Their own card, and the leads it receives.
role-team-manager = Team manager
role-team-manager-hint = People and leads of their teams.
role-card-designer = Card designer
role-card-designer-hint = Sees people; how cards look comes later.
role-integrator = Integrator
role-integrator-hint = Sources, synchronisations and plugins; grants stay with an administrator.
role-auditor = Auditor
role-auditor-hint = Reads settings, runs and people, and changes nothing. No leads.
role-dpo = Data protection officer
role-dpo-hint = Reads what is known of whom, leads included.
role-administrator = Administrator
role-administrator-hint = Everything.

# Second factors, sessions, one's own account.

password-guessable = It is too easy to guess: common words, a name, a date or a row of keys. Several words that have nothing to do with each other make a good one.
password-breached = It is among those that were stolen from other services, or that many people use. Choose another one.
password-current-wrong = This is not your current password.

sign-in-passkey = Sign in with a passkey
sign-in-passkey-wrong = This passkey was not taken. Try again, or sign in with your password.
sign-in-forgotten = Forgotten password?
door-or = or
passkey-failed = That did not work. Try again, or choose another way.

second-title = Second factor
second-text = One more step to sign in to { $organisation }’s console.
second-code = Code
second-code-hint = Six digits from your app, or one of your recovery codes.
second-recovery = Recovery code
second-recovery-hint = One of the codes that you kept when you added a second factor. Each is good once.
second-submit = Sign in
second-passkey = Use a passkey
second-wrong = This was not right, or it was used already. Wait for the next code, then try again.
second-again = Back to signing in

forgotten-title = Forgotten password
forgotten-text = Give the address of your account: a code to choose another password comes by mail. Your second factor stays as it is.
forgotten-submit = Send the code
forgotten-sent-title = Look at your mail
forgotten-sent = If there is an account with this address that has a password, a code is on its way. It is good for an hour, once.
forgotten-have-code = I have the code
forgotten-no-mail = This console has no mail server to send a code by. Ask whoever administers it for a new one.

confirm-title = Is it still you?
confirm-text = This is something that needs care. Confirm who you are; what you entered goes on.
confirm-submit = Confirm
confirm-wrong = This was not right. Try again.
confirm-leave = Do it later
confirm-sign-in-again = This is something that needs care, and you signed in a while ago. Sign out and in again, then repeat it.

own-title = My account
own-must-enrol = Your role asks for a second factor. Add one, then the rest opens.
own-done-password = Your password is changed. Other browsers were signed out.
own-done-factor = The second factor is added.
own-done-removed = The second factor is removed.
own-done-ended = That session is ended.
own-last-factor = Your role asks for a second factor. Add another one before you remove this one.
own-factors = Second factors
own-factors-text = What you have, besides what you know. A passkey is the safest: nobody can coax it out of you.
factor-passkey = Passkey
factor-app = App with codes
factor-used = used { $ago }
factor-added = added { $when }
factor-remove = Remove
factor-remove-label = Remove { $name }
factor-passkey-add = Add a passkey
factor-app-add = Add an app
factor-no-passkeys = Passkeys need a console that is reached by a name, not by an address of numbers.
own-codes = Recovery codes
own-codes-text = { $count ->
    [0] None is left.
    [one] One is left. They let you in when your second factor is lost.
   *[other] { $count } are left. They let you in when your second factor is lost.
}
own-codes-new = Make new ones
own-password = Password
own-password-current = Current password
own-password-new = New password
own-password-ends = Other browsers are signed out.
own-password-save = Change the password
own-sessions = Sessions
own-sessions-text = Where you are signed in. If you do not know one of them, end it and change your password.
own-session-this = this one
own-session-factor = with a second factor
own-session-seen = last used { $ago }
own-session-end = End
own-session-end-label = End the session of { $agent }
own-sessions-end = End all others
own-agent-unknown = Unknown browser
own-how-password = password
own-how-passkey = passkey
own-how-token = one-time code

factor-new = New second factor
factor-name = Name
factor-name-needed = Give it a name of up to 60 characters, on one line.
factor-app-name = My phone
factor-app-name-hint = To tell it from others.
factor-passkey-name = My device
factor-passkey-name-hint = To tell it from others, such as “work laptop”.
factor-app-text = Read the picture with an app for one-time codes, or type the key into it. Then enter the code that it shows.
factor-qr = QR code for the app
factor-seed = Key to type
factor-code = Code
factor-code-hint = The six digits that the app shows now.
factor-code-wrong = This is not the code of this moment. Look whether the clock of your phone is right.
factor-add = Add
factor-passkey-text = Your device, its fingerprint reader or a security key signs you in from then on.
factor-passkey-make = Create the passkey
factor-passkey-wrong = The passkey was not taken. Try again.
factor-passkey-script = A passkey needs JavaScript, which is off in this browser. An app with codes works without.
codes-text = Each lets you in once when your second factor is lost. They are shown only now: print them or put them into your password manager.
codes-kept = I have kept them

account-factors-reset = Remove the second factors
account-factors-reset-hint = For whoever lost them. Make sure first, by another way, that it is them who asks.
account-sessions-end-all = End all sessions

approvals-title = Second look
approvals-text = What an administrator asked for and another one has to agree to, within seven days.
approvals-empty = Nothing waits.
approval-asked = { $name } asked for it { $ago }
approval-about = Look at it
approval-agree = Agree and do it
approval-agree-only = Agree
approval-refuse = Refuse
approval-withdraw = Withdraw
approval-cannot = This cannot be done: it was decided already, you asked for it yourself, or something else stands against it. Look at what it is about.
approval-add = A new account for { $name }: { $roles }
approval-roles = Other roles for { $account }: { $roles }
approval-enable = Enable the account of { $account }
approval-invite = Another token for { $account } to choose a password by: whoever agrees is shown it, and hands it to them
approval-reset-factors = Take the second factors from { $account }
approval-disable = Disable the account of { $account }
approval-change = Another person or other teams for the account of { $account }
approval-grant = { $plugin } may reach: { $items }
approval-provider-add = A new sign-in provider, without its secret, which is given afterwards: { $settings }
approval-provider-change = Other settings of the sign-in provider { $name }: { $settings }
approval-drops-secret = The secret that Estampe has there is forgotten, and never sent to the new address: until it is given anew, nobody signs in by this provider that asks for one.
approval-export = Take everybody’s leads along as a file, once
approval-export-own = Take their own leads along as a file, once
approval-export-teams = { $count ->
    [0] Take the leads of no team along as a file, once
    [one] Take the leads of the team that they lead along as a file, once
   *[other] Take the leads of the { $count } teams that they lead along as a file, once
}
approval-token-own = A token of their own, “{ $name }”, good for { $days } days: { $scopes }
approval-token-service = A token for a service, “{ $name }”, good for { $days } days: { $scopes }
approval-end-erase = Disconnect the source { $source } and erase { $count ->
        [one] one person
       *[other] { $count } people
    }
approval-end-disable = Disconnect the source { $source } and take down { $count ->
        [one] one card
       *[other] { $count } cards
    }
approval-publish = Write signatures into { $count ->
        [one] one mailbox
       *[other] { $count } mailboxes
    } of { $source }
approval-agreed = agreed, good once within a day

own-more = Other ways in
home-second-title = { $count ->
    [one] Something waits for a second administrator
   *[other] { $count } things wait for a second administrator
}
home-second-action = Look at it

account-invite-mail = Send a code by mail
account-invite-sent = The code is on its way by mail. It is good once, for seven days.
