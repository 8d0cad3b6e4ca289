# The public pages: card, QR, form, confirmation, certificate.

card-photo-of = Photo of { $name }
card-add = Add to my contacts
card-exchange = Leave my details
card-reach = Reach { $name }
card-phone-work = Work phone
card-phone-mobile = Mobile
card-email = E-mail
card-hosted = Hosted by { $organisation }, no trackers
card-qr = QR
card-qr-show = Show the QR code of this card
card-description = Business card of { $name }, { $organisation }

qr-title = Ready to scan
qr-text = Open the camera of another phone and point it at this square: it shows the card of { $name }.
qr-alt = QR code of the card of { $name }
qr-png = Download the image

exchange-title = Leave your details
exchange-intro = Only { $name } and { $organisation } will see them.
exchange-copy = You get a copy by e-mail.
lead-name = Name
lead-email = E-mail
lead-phone = Phone
lead-company = Company
lead-message = Message
exchange-rights = You may ask { $organisation } to show you this data, to correct it or to erase it.
exchange-rights-contact = For that, write to { $contact }.
exchange-send = Send to { $name }

exchange-already-title = Your first details have arrived
exchange-already-text = { $name } has had them since { $when }. What you changed afterwards has not been sent: send once more to pass it on as well.

kept-title = Nothing has been sent yet
kept-text = The server cannot store your details just now. All that you typed is still below: wait a minute, then try again. Sending twice counts once.
kept-full-text = The server has no room left to store your details. All that you typed is still below: try again a little later. Sending twice counts once.
kept-consents = The boxes that you ticked are still ticked.
kept-retry = Try again

gone-title = This card is not there any more
gone-text = Nothing was sent: the card was taken down, perhaps while you were typing.
gone-contact = To reach { $organisation }, write to
gone-typed = What you typed
gone-not-kept = We keep none of it: copy it if you need it elsewhere.

late-title = Too many at once
late-text = Nothing has gone yet: many came from your connection, or for this card, in a short time. All that you typed is still below: { $seconds ->
    [one] wait one second
   *[other] wait { $seconds } seconds
}, then try again. Sending twice counts once.

exchange-doubt-title = Please send once more
exchange-doubt-trap = Nothing has gone: a field that cannot be seen was filled in, often by a password manager. It was emptied, and all the rest is kept.
exchange-doubt-quick = Nothing has gone: the form was sent as soon as it was opened, as a program would. All that you typed is kept: read it over, then send.
exchange-trap = Leave this field empty

sent-title = Sent
sent-text = { $name } has had your details since { $when }. A copy is on its way to { $email }.
sent-text-no-mail = { $name } has had your details since { $when }.
sent-text-without-copy = { $name } has had your details since { $when }. Several copies went to { $email } within the hour: this one was kept without another.
sent-add = Add { $name } to my contacts
sent-back = Back to the card

ca-title = The house certificate
ca-text = { $organisation } signs its internal addresses itself. Install this certificate on a device so that it trusts them.
ca-check = Before you install it, compare this fingerprint with the one your IT department gives you by another way.
ca-fingerprint = SHA-256 fingerprint
ca-download = Download the certificate
