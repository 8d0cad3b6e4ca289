# Words that every page shares.

app-name = Estampe
language-name = English
skip-to-content = Skip to content
optional = optional

ago-now = just now
ago-minutes = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}
ago-hours = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}
ago-days = { $count ->
    [one] yesterday
   *[other] { $count } days ago
}

field-name = Name
field-pronouns = Pronouns
field-title = Title
field-organisation = Organisation
field-department = Department
field-office = Office
field-phones = Phones
field-emails = E-mail
field-links = Links
field-address = Address
field-language = Language
field-photo = Photo

form-problems = { $count ->
    [one] One field needs another look
   *[other] { $count } fields need another look
}
problem-empty = This cannot be left empty.
problem-empty-name = Please give your name.
problem-empty-email = Please give an address: your copy goes there.
problem-too-long = That is too long: { $max } characters at most.
problem-control = An invisible character slipped in. Clear the field and type it again.
problem-not-an-email = This address is not complete. It should look like name@example.com.
problem-comma = A comma slipped in: did you mean { $meant }?
problem-no-at = The @ is missing from this address.
problem-not-a-phone = This number cannot be called. Keep digits, spaces and a + in front.
problem-impossible-phone = There is no such number: a digit is missing or too many, or its country’s code after the + is none.
problem-not-a-link = A web address should begin with https://.
