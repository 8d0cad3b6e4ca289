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
password-too-uniform = It repeats the same characters. Use at least five different ones.

sign-in-title = Sign in
sign-in-text = Console of { $organisation }
sign-in-email = E-mail
sign-in-password = Password
sign-in-submit = Sign in
sign-in-wrong = This address and this password do not belong together.
sign-in-throttled = Signing in is not possible right now. Wait a quarter of an hour, then try again.
sign-in-full = Nobody can sign in right now: the server’s storage is full. Tell whoever administers it; once there is room, this works again by itself.

sign-out = Sign out

welcome-title = Choose your password
welcome-text = You were given an account of { $organisation }’s console.
welcome-token = Token
welcome-token-hint = Whoever made the account gave it to you. It is good once.
welcome-token-wrong = This token is not valid, or it is too old. Ask whoever made the account for a new one.
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
