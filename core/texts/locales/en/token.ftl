# Tokens of the API.

tokens-title = API tokens
tokens-text = A program that acts for you presents one. It may do what you may, within what you tick here; it stops when you leave.
tokens-services-title = Service tokens
tokens-services-text = For programs that act for nobody. They see everybody, within what is ticked, whoever made them leaves or stays.
tokens-none = No token yet.
token = Token
token-name = Name
token-name-hint = What it is for: “Directory of the intranet”.
token-name-needed = Please give a name, on one line.
token-days = Days
token-days-hint = How long it lasts, { $most } at most.
token-days-wrong = This does not work: a whole number, within the limit.
token-scopes = What it may do
token-scope-needed = Tick at least one thing that it may do.
token-too-many = There are too many tokens already. Revoke one first.
token-new = New token
token-create = Create the token
token-made-title = Copy this token now
token-made-text = It is shown only this once. The program sends it as “Authorization: Bearer”.
token-used = Last used
token-never = never
token-until = Until
token-over = over
token-revoke = Revoke

scope-people-read = See people and their cards.
scope-people-write = See people, and enter what is shown of them.
scope-leads-read = See leads.
scope-sources-read = See sources, their runs and their groups.
scope-sources-run = See sources, start their synchronisations and decide about their plans.
scope-plugins-read = See plugins.
scope-accounts-read = See accounts and their roles.
scope-accounts-write = Make accounts and give them roles, any role.
scope-health-read = See how the appliance fares.
scope-tokens-read = See your own tokens.
scope-tokens-write = Make tokens that reach no farther, and revoke yours.
