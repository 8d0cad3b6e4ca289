# The console: home, people, sources, leads, mail.

nav-label = Sections
nav-menu = Menu
zone-note = Times are those of { $zone }, the server’s time zone.
nav-home = Home
nav-people = People
nav-leads = Leads received
nav-sources = Sources
nav-outbox = Mail
nav-search = Find a person
nav-account = Your account

home-hello = Hello { $name }
home-well = All is well.
home-attention = { $count ->
    [one] One thing needs a look. The rest is well.
   *[other] { $count } things need a look. The rest is well.
}
home-attention-title = Needs a look
home-figures = Figures
home-held-title = “{ $source }” waits for your word
home-held-gone = { $count ->
    [one] One person of { $known } would disappear ({ $percent }%). Nothing was changed.
   *[other] { $count } people of { $known } would disappear ({ $percent }%). Nothing was changed.
}
home-held-groups-gone = { $count ->
    [one] One group of { $known } would go. Nothing was changed.
   *[other] { $count } groups of { $known } would go. Nothing was changed.
}
home-held-plan = { $count ->
    [0] The plan is ready: only groups change. Nothing was changed yet.
    [one] The plan is ready: one change. Nothing was changed yet.
   *[other] The plan is ready: { $count } changes. Nothing was changed yet.
}
home-held-action = See the plan
home-failed-title = “{ $source }” could not be synchronised
home-failed-text = Nothing was changed. { $reason }
home-failed-action = Look into it
home-mail-title = { $count ->
    [one] One mail could not be sent
   *[other] { $count } mails could not be sent
}
home-mail-text = The leads themselves are safely stored.
home-mail-action = Look into it
home-outage-title = The mail server cannot be used since { $when }
home-outage-text = { $reason } { $count ->
    [0] No mail waits.
    [one] One mail waits and goes by itself.
   *[other] { $count } mails wait and go by themselves.
}
outage-name = Its name has no address: check smtp.host and the name service.
outage-connection = It takes no connection.
outage-silent = It takes the connection and does not answer.
outage-tls = TLS with it fails: check its certificate and smtp.ca_file.
outage-sign-in = It refuses our name and password: check smtp.username and smtp.password_file.
outage-answer = It says that it cannot work now.
home-plugin-title = The plugin { $plugin } cannot be used
home-plugin-waits-title = { $plugin } { $version } waits for your word
home-plugin-waits-text = Its page says what it asks for and who signed it.
home-plugin-action = See the plugin
home-no-mail-title = No mail server is set
home-no-mail-text = { $count ->
    [0] Nothing waits yet. Set smtp.host, then restart the service.
    [one] One mail waits. It goes once smtp.host is set and the service restarted.
   *[other] { $count } mails wait. They go once smtp.host is set and the service restarted.
}
home-source-title = No directory is connected yet
home-source-text = A source tells Estampe who works here. Cards grow from it.
home-source-action = Connect a directory
figure-cards = { $count ->
    [one] card online
   *[other] cards online
}
figure-people = { $count ->
    [one] person known
   *[other] people known
}
figure-leads = { $count ->
    [one] lead in 30 days
   *[other] leads in 30 days
}
figure-mails = { $count ->
    [one] mail to send
   *[other] mails to send
}

groups-title = Groups
groups-text = The groups that this source tells of, and how many people are in each, through other groups too.
groups-count = { $count ->
    [one] { $count } group
   *[other] { $count } groups
}
groups-empty = No group is known here yet. Switch them on in the source’s settings, where its plugin reads any; the next synchronisation fills this page.
groups-column-name = Group
groups-column-people = People

people-title = People
people-count = { $count ->
    [0] Nobody matches.
    [one] One person
   *[other] { $count } people
}
people-count-least = More than { $count } people
people-search = Search
people-search-hint = Name, title or e-mail
people-filter = Show
people-all = everybody
people-active = present
people-disabled = disabled
people-empty = Nobody is known here yet. Connect a directory; the first synchronisation fills this page.
people-empty-search = Nobody matches this search.
people-column-name = Person
people-column-email = E-mail
people-column-office = Office or department
people-column-state = Card
people-clear = Show everybody
person-active = online
person-disabled = disabled
person-card = See the card
person-card-own = See my card
person-changed = Changed on { $when }
person-profile = What the card shows
person-profile-own = What my card shows
person-identities = Where this comes from
person-identities-none = No source knows this person any more.
person-leads = Leads received
person-disabled-text = The card is not shown any more. Nothing is erased: it returns when the directory counts this person again.
next-page = Next page
first-page = Back to the beginning

sources-title = Sources
sources-text = What tells Estampe who works here.
sources-add = Connect a directory
sources-empty = No directory is connected yet. Begin with a CSV or LDIF file exported from yours.
sources-column-name = Source
sources-column-plugin = Plugin
sources-column-people = People
sources-column-run = Last synchronisation
sources-never = never synchronised
source-new-title = Connect a directory
source-new-text = Nothing is read before the first synchronisation, and you can see its plan.
source-new-name = Name of the source
source-new-name-hint = For example “HR directory”.
source-new-plugin = Plugin
source-new-path = File on the server
source-new-path-hint = The full path. The account “estampe” must be able to read it.
source-new-choose = With which plugin?
source-new-install = See the plugins
source-new-example = For example { $example }
source-new-default = default: { $default }
source-new-yes = yes
source-new-no = no
problem-config-long = That is longer than 16 KiB.
problem-config-flag = Yes or no.
problem-config-integer = Give a whole number.
problem-config-between = Give a whole number from { $least } to { $most }.
problem-config-least = Give a whole number, at least { $least }.
problem-config-most = Give a whole number, at most { $most }.
problem-config-choice = One of these words: { $words }
problem-config-pair = “{ $part }” is not of the form name=value.
problem-config-unknown = The plugin does not know this value.
problem-config-picture = Give the address of a picture: https://… or cid:…
problem-config-address = Give the address of a service, such as https://directory.example.
problem-config-again = Type it again: “{ $key }” says where it is sent, and changes.
source-new-submit = Add the source
source-new-no-plugin = No plugin is installed. One is needed to read a directory.
source-new-name-taken = A source has this name already.
source-new-name-wrong = This name does not work: one line, without a slash.
source-new-path-wrong = Give the full path of the file on the server, from the root: /srv/directory.csv.
source-sync = Synchronise
schedule-title = Schedule
schedule-text = Once a first synchronisation was applied, the source is read by itself. Too many departures still wait for your word.
schedule-never = never by itself
schedule-minutes = every { $count } minutes
schedule-hours = { $count ->
    [one] every hour
   *[other] every { $count } hours
}
source-compare = Compare everybody now
run-mode-full = everybody
run-mode-incremental = what changed
source-plan = Prepare a plan only
source-check = Check access
source-check-title = Check
source-check-passed = good
source-check-failed = to be mended
source-settings = Settings
source-settings-title = Change the settings
source-settings-text = The next synchronisation reads everything anew. As always, too many departures wait for your word.
source-settings-change = Change the settings
source-settings-save = Save
source-settings-none = This plugin has nothing to configure.
source-settings-run = A synchronisation of this source is open. End it first; nothing was changed.
source-settings-run-see = See the synchronisation
source-settings-changed = The source was changed meanwhile. Nothing was overwritten.
source-settings-changed-see = See how it stands now
source-secret-set = A value is set. Leave this empty to keep it.
source-secret-again = Type it again: a secret is never shown.
source-plugin = Plugin
source-people = { $count ->
    [0] Nobody comes from it yet.
    [one] One person comes from it.
   *[other] { $count } people come from it.
}
source-runs = Synchronisations
source-runs-empty = None yet. “Prepare a plan only” shows what would change, and touches nothing.
runs-column-when = Begun
runs-column-state = State
runs-column-changes = Changes
runs-column-refused = Refused

leads-title = Leads received
leads-count = { $count ->
    [0] No leads yet.
    [one] One lead
   *[other] { $count } leads
}
leads-empty = When someone leaves their details at a card, they arrive here, and by mail at the person they are meant for.
leads-column-name = Lead
leads-column-company = Company
leads-column-for = For
leads-column-when = Received
leads-column-when-in = Received ({ $zone })
leads-column-agreed = Agreed: { $purpose }
leads-agreed = yes
leads-not-agreed = no
lead-erased = Erased
lead-erased-text = The key to this data was destroyed. What is left is the date and the proof of consent.
lead-for = For
lead-received = Received on { $when }
lead-details = Details
lead-reply = Reply by e-mail
lead-reply-subject = Your contact with { $holder }
lead-call = Call
lead-keep = Add to my address book
lead-note = Left their details at the card of { $holder }, { $organisation }, on { $when }.
lead-note-house = Left their details with { $organisation } on { $when }.
lead-consents = What was told and agreed
lead-consents-none = No proof is attached to this lead.
lead-consent-granted = agreed
lead-consent-refused = not ticked
lead-consent-informed = told
lead-consent-told = version { $version }, { $when }
lead-mails = Mail
lead-mails-none = No mail.

mail-kind-acknowledgement = Copy to the visitor
mail-kind-notice = Notice to the holder
mail-kind-invitation = Invitation
mail-kind-reset = Code for a forgotten password
mail-kind-password = Word of a changed password
mail-kind-factors = Word of changed second factors
mail-kind-browser = Word of a new browser
mail-kind-signature = Signature to oneself
mail-state-waiting = waiting
mail-state-running = under way
mail-state-done = sent
mail-state-dead = given up
outbox-title = Mail
outbox-text = What has not gone yet, and what is not tried any more. The leads are stored, whatever happens here.
outbox-empty = No mail was given up: all have been sent, or will go by themselves.
outbox-column-mail = Mail
outbox-column-since = Since
outbox-column-state = State
outbox-dead = { $count ->
    [one] One mail given up
   *[other] { $count } mails given up
}
outbox-waiting = { $count ->
    [one] One mail waits
   *[other] { $count } mails wait
}
outbox-given-up = given up on { $when }
outbox-resend-all = { $count ->
    [one] Send it again
   *[other] Send all { $count } again
}
outbox-try-now = Try now
outbox-column-tries = Tries
outbox-column-error = Last answer
outbox-column-action = Action
outbox-lead = See the lead
outbox-resend = Send again

leads-export = Download as CSV
leads-export-title = Leads as a file
leads-export-confirmed = Confirmed: your file is ready.
leads-export-text = All leads that you see, with what each visitor agreed to. That you take them along is noted in the audit log.
leads-export-format = For spreadsheets in English: CSV with commas. In French, the page gives semicolons, as programs there expect.
leads-export-back = Back to the leads
