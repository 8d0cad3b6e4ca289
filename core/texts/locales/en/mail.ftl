# Mails.

mail-ack-subject = A copy of what you left with { $holder }
mail-ack-greeting = Hello { $visitor },
mail-ack-intro = On { $day } you left your details with { $holder }, { $organisation }. Here is your copy.
mail-ack-rights = To have them corrected or erased, answer this message.
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
mail-footer = Sent by { $organisation }, from its own servers.
