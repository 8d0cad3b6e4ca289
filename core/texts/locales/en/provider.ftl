# Signing in by a provider.

sign-in-with = Continue with { $label }
sign-in-away-title = On to { $label }
sign-in-away-text = You sign in there, and come back here. If nothing happens, press the button.
sign-in-directory-name = User name or e-mail
sign-in-directory-text = With your name and password of { $organisation }
sign-in-directory-wrong = This name and this password do not belong together.
sign-in-directory-away = Signing in is not possible right now. Wait a quarter of an hour, then try again.

sign-in-why-again = This sign-in took too long, or was begun in another window or browser. Begin again. ({ $code })
sign-in-why-denied = You were not let in there, or you went back. Begin again, or sign in another way. ({ $code })
sign-in-why-away = The sign-in service cannot be used right now. If that lasts, tell your administrator: { $code }
sign-in-why-not-believed = What the sign-in service answered could not be trusted, so you were not signed in. Tell your administrator: { $code }
sign-in-why-outside = That account belongs to another organisation. Choose the one of your work. ({ $code })
sign-in-why-no-account = It is you, but no account here belongs to you. Ask your administrator for one. ({ $code })
sign-in-why-no-address = It is you, but no account can be made for you: your e-mail address is missing there, or not confirmed. Tell your administrator. ({ $code })
sign-in-why-address-taken = An account has your e-mail address already, and an address alone proves nothing. Sign in to it as before and join the two under “Ways to sign in”, or ask your administrator for an invitation. ({ $code })
sign-in-why-no-role = It is you, but nothing here is for you yet. Tell your administrator. ({ $code })
sign-in-why-inactive = Your account is not in use. Tell your administrator. ({ $code })
sign-in-why-identity-taken = That is joined to another account already. ({ $code })
sign-in-why-other-account = Somebody else is signed in here by now. Begin again. ({ $code })

own-ways-title = Ways to sign in
own-ways-text = Beside your password: who else may say that it is you.
own-ways-none = There is no sign-in provider here.
own-ways-joined = Joined since { $date }.
own-ways-directory = Joins by itself when you sign in by it, if you are in this directory.
own-ways-join = Join { $label }
own-ways-leave = Take { $label } away
own-ways-only = It stays: without it this account could not sign in, or would have no role.

providers-title = Sign-in providers
providers-text = Who else may say who somebody is: your single sign-on, or a directory.
providers-none = None yet. Until then everybody signs in with a password of their own.
provider-new = New provider
provider-text = Somebody is recognised by who they are there, never by their e-mail address.
provider-label = Words on the button
provider-label-hint = “Continue with …”, at the door.
provider-name = Name in addresses
provider-name-hint = Letters a to z, digits, hyphens.
provider-kind = Kind
provider-kind-oidc = OpenID Connect
provider-kind-google = Google
provider-kind-microsoft = Microsoft
provider-kind-directory = Directory of a source
provider-issuer = Issuer
provider-issuer-hint = For OpenID Connect: letter by letter as the provider writes it, with or without a slash at its end.
provider-tenant = Tenant
provider-tenant-hint = For Microsoft: the directory (tenant) ID.
provider-domain = Domain
provider-domain-hint = For Google: the domain whose people may come.
provider-client-id = Client ID
provider-client-id-hint = Who this appliance is there. Not for a directory.
provider-secret = Client secret
provider-secret-hint = None for a public client.
provider-secret-set = One is set. Leave it empty to keep it.
provider-no-secret = Take the secret away
provider-scopes = Scopes
provider-scopes-hint = Beside “openid”. Usual: email profile
provider-groups-claim = Groups claim
provider-groups-claim-hint = Where the rules below find groups: groups, roles, realm_access.roles
provider-networks = Private networks
provider-networks-hint = A provider inside your network: which networks may be reached for it, such as 10.0.0.0/8.
provider-source = Source
provider-source-hint = For a directory: the name of the source whose people sign in with the password they have there.
provider-who = Who may come
provider-who-all = whoever is known there
provider-who-known = whoever has an account here
provider-create = Make accounts for whoever comes
provider-create-hint = Without it, only people who have an account, or an invitation, come in.
provider-roles = Roles of accounts that are made
provider-rules = Roles by group
provider-rules-hint = One a line: group=role. They are looked at at each sign-in; roles given by hand stay. Roles: { $roles }
provider-save = Save
provider-check = Try the connection
provider-remove = Remove this provider
provider-remove-text = Nobody comes from there any more, whatever was joined is not joined, and roles by its rules are gone. Accounts stay.
provider-redirect = Redirect address
provider-redirect-text = Register it there, letter by letter.
provider-good = It answers, and its document and keys can be read ({ $keys ->
    [one] one key
   *[other] { $keys } keys
}).
provider-bad = It cannot be used ({ $code }): { $detail }
provider-try-source = A directory is tried at its source: { $source }

provider-problem-name = 1 to 40 letters a to z, digits and hyphens are right.
provider-problem-taken = Another provider has it.
provider-problem-kind = Choose one of these.
provider-problem-issuer = An address that begins with https:// and has no query is right.
provider-problem-tenant = The ID of one tenant is right, not its name, “common” or “organizations”.
provider-problem-domain = A domain such as example.com is right.
provider-problem-network = Networks such as 10.0.0.0/8 are right, with a space between them.
provider-problem-source = There is no source of this name.
provider-problem-role = There is no such role.
provider-problem-rule = Each line is group=role.
provider-problem-group = The source has no such group, or several of this name.
provider-problem-many = There are too many.
provider-problem-no-role = Whoever gets an account needs a role: choose one, or write rules.
provider-problem-again = The issuer is another one now: type its secret, so that it is not sent the first one’s.
