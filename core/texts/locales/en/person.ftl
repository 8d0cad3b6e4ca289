# A person edited by hand, and whose each field is.

person-edit = Edit
person-edit-title = Edit { $name }
person-edit-none = All that your card shows comes from the directory. Ask whoever keeps it there.
person-edit-text = What you enter here is shown at once, and no synchronisation overwrites it. What you leave alone stays as it is.
person-edit-save = Save and show
person-saved = Saved.
person-asked = Noted. It is shown once the directory has it.
person-edit-stale = This person was changed meanwhile. Nothing was overwritten.
person-edit-stale-text = What you typed stands below; every other field shows what stands there now. Look it over, then save again.
person-edit-now = Shown meanwhile: { $value }
person-edit-now-nothing = Meanwhile nothing is shown there.
person-from-directory = From “{ $source }”. What you enter here is kept over its value.
person-from-written = From “{ $source }”. What you enter is written there after agreement, and shown then.
person-from-once = Taken from “{ $source }” once, at creation. Synchronisations leave it alone.
person-from-own = The person’s own: “{ $source }” never sets it.
person-share = Share my card
person-share-text = Whoever opens this address sees your card, saves it to their contacts, and can leave you theirs.
person-share-link = The address of my card
person-share-qr = Show my QR code
person-share-file = My card as a file (.vcf)
person-from-yours = Yours: “{ $source }” never sets it.
person-from-entered = Entered here.
person-from-entered-over = Entered here, and kept over what “{ $source }” says: { $value }
person-from-entered-nothing = Entered here, and kept. “{ $source }” says nothing.
person-from-nowhere = No source says anything of this person.
person-stale = This person was changed meanwhile. Nothing was done; here is how they stand now.
person-nothing = nothing
person-entered = Entered here
person-entered-text = Synchronisations leave these values alone.
person-says = “{ $source }” says: { $value }
person-says-nothing = “{ $source }” says nothing.
person-give-back = Give back to the directory
person-conflict-title = { $field }: “{ $source }” says something else now
person-conflict-kept = Shown, entered here
person-conflict-said = { $source }
person-conflict-keep = Keep what was entered
person-conflict-take = Take the directory’s
input-name = Whole name, as shown
input-given-name = Given name
input-family-name = Family name
input-street = Street
input-postal-code = Postal code
input-city = City
input-region = Region
input-country = Country
input-phone = Number { $row }
input-phone-kind = Kind of number { $row }
phone-work = desk
phone-mobile = mobile
input-email = E-mail { $row }
input-link = Web address { $row }
input-link-label = Words for address { $row }
input-language-none = not known
problem-language = Choose French or English.
people-conflicts = to settle
people-conflicts-count = { $count ->
    [one] One person has conflicts
   *[other] { $count } people have conflicts
}
home-conflicts-title = { $count ->
    [one] One person has conflicts
   *[other] { $count } people have conflicts
}
home-conflicts-text = The directory has come to say something else than what was entered here. What was entered is shown.
home-conflicts-action = Settle them
run-kept = kept, entered here; the source says: { $value }
owner-directory = Always from the directory
owner-written = From the directory; changes are written there after agreement
owner-once = From the directory once, at creation
owner-own = Never: the person’s own
source-fields = Whose fields
source-fields-title = Where each field comes from
source-fields-text = Applied by the next synchronisation, which looks at everybody. What was entered in Estampe is kept, whatever is chosen here.
source-fields-name = The directory gives it at least once: without a name nobody can be created.
source-fields-not-written = This source cannot write this field: its plugin does not do so, was not granted it, or the mapping makes the field of several attributes.
source-fields-save = Save
source-fields-changed = This was changed meanwhile. What you chose stands below: look it over, then save again.
