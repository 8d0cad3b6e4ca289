# Courriels.

mail-ack-subject = Copie de ce que vous avez laissé à { $holder }
mail-ack-greeting = Bonjour { $visitor },
mail-ack-intro = Le { $day }, vous avez laissé vos coordonnées à { $holder }, { $organisation }. En voici la copie.
mail-ack-rights = Pour les corriger ou les faire effacer, répondez à ce message.
mail-ack-rights-contact = Pour les corriger ou les faire effacer, écrivez à { $contact }.
mail-ack-withdraw = Vous pouvez revenir à tout moment sur ce que vous avez accepté, de la même façon.
mail-ack-withdraw-contact = Vous pouvez revenir à tout moment sur ce que vous avez accepté : écrivez à { $contact }.
mail-ack-not-you-contact = Ce n’était pas vous ? Dites-le à { $contact }.
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
mail-lead-link = Voir ce contact, lui répondre, l’appeler ou le garder
mail-footer = Envoyé par { $organisation }, depuis ses propres serveurs.

# Un libellé et sa valeur, en texte simple.
mail-line = { $label } : { $value }

# Aux titulaires de comptes.

mail-account-greeting = Bonjour { $name },
mail-account-code = Code
mail-account-link = Votre compte
mail-account-not-you = Si ce n’était pas vous, terminez-y toutes les sessions, changez de mot de passe et prévenez la personne qui administre la console.
mail-invitation-subject = { $organisation } vous invite sur Estampe, ses cartes de visite
mail-invitation-intro = { $organisation } vous ouvre votre carte de visite : Estampe tient celles de son personnel sur les serveurs de la maison. Avec un compte, vous voyez votre carte, vous la partagez et vous lisez les coordonnées que l’on vous laisse.
mail-invitation-intro-console = { $organisation } vous invite sur sa console Estampe, qui tient les cartes de visite de son personnel sur les serveurs de la maison.
mail-invitation-once = Le lien ouvre une page de { $host } où vous choisissez un mot de passe à vous, et rien d’autre. Le code ne sert qu’une fois, jusqu’au { $when }.
mail-invitation-link = Si vous préférez ne pas suivre de lien, saisissez { $host }/welcome dans votre navigateur et entrez-y le code.
mail-invitation-never = Personne ne vous demandera ce mot de passe par courriel ou par téléphone.
mail-invitation-doubt = Un doute ? Avant d’ouvrir, demandez à votre service informatique ; sans le code, rien ne se passe.
mail-invitation-doubt-contact = Un doute ? Avant d’ouvrir, demandez à { $contact } ou à votre service informatique ; sans le code, rien ne se passe.
mail-invitation-open = Choisir un mot de passe et voir votre compte
mail-welcome-link = Choisir un mot de passe
mail-reset-subject = Un autre mot de passe pour { $organisation }
mail-reset-intro = Quelqu’un, sans doute vous, a demandé un code pour choisir un autre mot de passe sur la console de { $organisation }.
mail-reset-once = Le code ne sert qu’une fois, pendant une heure. Votre second facteur ne change pas.
mail-reset-not-you = Si ce n’était pas vous, il n’y a rien à faire : sans le code, rien ne change.
mail-password-subject = Votre mot de passe a été changé
mail-password-intro = Un autre mot de passe a été choisi pour votre compte sur la console de { $organisation }.
mail-factors-subject = Vos seconds facteurs ont changé
mail-factors-intro = Un second facteur de votre compte sur la console de { $organisation } a été ajouté ou retiré.
mail-browser-subject = Vous vous êtes connecté depuis un nouveau navigateur
mail-browser-intro = Quelqu’un s’est connecté à votre compte sur la console de { $organisation } depuis un navigateur qui n’avait pas encore servi.
mail-browser-when = Quand
mail-browser-agent = Navigateur
mail-browser-unknown = inconnu
mail-browser-address = Adresse réseau
mail-browser-ended = Cette session est terminée depuis ; le navigateur n’en est pas gardé.
mail-browser-you = Si c’était vous, il n’y a rien à faire.

# Une signature, envoyée à soi-même.

mail-signature-subject = L’aspect de votre signature dans un courriel
mail-signature-intro = Voici un courriel avec cette signature, faite des données que { $organisation } montre de son titulaire.
mail-signature-only-you = Personne d’autre que vous ne l’a reçu.
