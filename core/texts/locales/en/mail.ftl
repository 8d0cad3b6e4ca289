# Mails.

mail-ack-subject = A copy of what you left with { $holder }
mail-ack-greeting = Hello { $visitor },
mail-ack-intro = On { $day } you left your details with { $holder }, { $organisation }. Here is your copy.
mail-ack-rights = To have them corrected or erased, answer this message.
mail-ack-rights-contact = To have them corrected or erased, write to { $contact }.
mail-ack-withdraw = What you agreed to may be taken back at any time, in the same way.
mail-ack-withdraw-contact = What you agreed to may be taken back at any time: write to { $contact }.
mail-ack-not-you-contact = It was not you? Tell { $contact }.
mail-ack-not-you = It was not you? Tell us by answering this message.
mail-notice-subject = { $visitor } left you their details
mail-notice-greeting = Hello { $holder },
mail-notice-intro = On { $day }, { $visitor } left you their details at your card.
mail-notice-reply = Answer this message to write to them.
mail-agreed = Agreed: “{ $wording }”
mail-not-agreed = Not agreed: “{ $wording }”
mail-told = { $wording }
mail-name = Name
mail-email = E-mail
mail-phone = Telephone
mail-company = Company
mail-message = Message
mail-card-link = Their card
mail-own-card-link = Your card
mail-lead-link = See this contact, reply, call or keep it
mail-footer = Sent by { $organisation }, from its own servers.

# A label and what it is the label of, in plain text.
mail-line = { $label }: { $value }

# To the holders of accounts.

mail-account-greeting = Hello { $name },
mail-account-code = Code
mail-account-link = Your account
mail-account-not-you = If that was not you, end all sessions there, change your password and tell whoever administers the console.
mail-invitation-subject = { $organisation } invites you to Estampe, its business cards
mail-invitation-intro = { $organisation } invites you to your own business card: Estampe keeps its employees’ cards on the house’s own servers. With an account you see your card, share it, and read the details that people leave you.
mail-invitation-intro-console = { $organisation } invites you to its console of Estampe, which keeps its employees’ business cards on the house’s own servers.
mail-invitation-once = The link opens a page of { $host }, where you choose a password of your own, and nothing else. The code is good once, until { $when }.
mail-invitation-link = If you would rather not follow a link, type { $host }/welcome into your browser and enter the code there.
mail-invitation-never = Nobody will ask you for this password by mail or telephone.
mail-invitation-doubt = Not sure that this is genuine? Ask your IT department before you open it; without the code nothing happens.
mail-invitation-doubt-contact = Not sure that this is genuine? Before you open it, ask { $contact } or your IT department; without the code nothing happens.
mail-invitation-open = Choose a password and see your account
mail-welcome-link = Choose a password
mail-reset-subject = Another password for { $organisation }
mail-reset-intro = Somebody, most likely you, asked for a code to choose another password for { $organisation }’s console.
mail-reset-once = The code is good once, for an hour. Your second factor stays as it is.
mail-reset-not-you = If that was not you, nothing is to be done: without the code nothing changes.
mail-password-subject = Your password was changed
mail-password-intro = Another password was chosen for your account of { $organisation }’s console.
mail-factors-subject = Your second factors were changed
mail-factors-intro = A second factor of your account of { $organisation }’s console was added or removed.
mail-browser-subject = You signed in from a new browser
mail-browser-intro = Somebody signed in to your account of { $organisation }’s console from a browser that had not been used before.
mail-browser-when = When
mail-browser-agent = Browser
mail-browser-unknown = unknown
mail-browser-address = Network address
mail-browser-ended = This session has ended since; which browser it was is not kept.
mail-browser-you = If that was you, there is nothing to do.

# A signature, sent to oneself.

mail-signature-subject = How your signature looks in a mail
mail-signature-intro = This is how a mail with this signature looks, with the data that { $organisation } shows of its holder.
mail-signature-only-you = Nobody but you got it.
