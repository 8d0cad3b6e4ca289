# Courriels.

mail-ack-subject = Copie de ce que vous avez laissé à { $holder }
mail-ack-greeting = Bonjour { $visitor },
mail-ack-intro = Le { $day }, vous avez laissé vos coordonnées à { $holder }, { $organisation }. En voici la copie.
mail-ack-rights = Pour les corriger ou les faire effacer, répondez à ce message.
mail-ack-not-you = Ce n’était pas vous ? Dites-le-nous en répondant à ce message.
mail-notice-subject = { $visitor } vous a laissé ses coordonnées
mail-notice-greeting = Bonjour { $holder },
mail-notice-intro = Le { $day }, { $visitor } vous a laissé ses coordonnées sur votre carte.
mail-notice-reply = Répondez à ce message pour lui écrire.
mail-agreed = Accordé : « { $wording } »
mail-not-agreed = Non accordé : « { $wording } »
mail-told = { $wording }
mail-name = Nom
mail-email = Courriel
mail-phone = Téléphone
mail-company = Société
mail-message = Message
mail-card-link = Sa carte
mail-own-card-link = Votre carte
mail-footer = Envoyé par { $organisation }, depuis ses propres serveurs.
