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
