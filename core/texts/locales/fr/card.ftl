# Les pages publiques : carte, QR, formulaire, confirmation, certificat.

card-photo-of = Photo de { $name }
card-add = Ajouter à mes contacts
card-exchange = Lui laisser mes coordonnées
card-reach = Joindre { $name }
card-phone-work = Téléphone professionnel
card-phone-mobile = Portable
card-email = Courriel
card-hosted = Hébergé par { $organisation }, sans traceur
card-qr = QR
card-qr-show = Montrer le QR de cette carte
card-description = Carte de visite de { $name }, { $organisation }

qr-title = À scanner
qr-text = Ouvrez l’appareil photo d’un autre téléphone et visez ce carré : la carte de { $name } s’affiche.
qr-alt = QR de la carte de { $name }
qr-png = Télécharger l’image

exchange-title = Laissez vos coordonnées
exchange-intro = Elles seront lues par { $name } et { $organisation }, par personne d’autre.
exchange-copy = Vous en recevrez une copie.
lead-name = Nom
lead-email = Courriel
lead-phone = Téléphone
lead-company = Société
lead-message = Message
exchange-rights = Vous pouvez demander à { $organisation } de vous montrer ces données, de les corriger ou de les effacer.
exchange-rights-contact = Pour cela, écrivez à { $contact }.
exchange-send = Envoyer à { $name }

exchange-already-title = Vos premières coordonnées sont bien arrivées
exchange-already-text = { $name } les a depuis le { $when }. Ce que vous avez changé depuis n’est pas parti : envoyez encore une fois pour le transmettre aussi.

kept-title = Rien n’est parti pour l’instant
kept-text = Le serveur ne peut pas enregistrer vos coordonnées en ce moment. Tout ce que vous avez saisi est resté ci-dessous : attendez une minute, puis réessayez. Un double envoi ne compte qu’une fois.
kept-full-text = Le serveur n’a plus de place pour enregistrer vos coordonnées. Tout ce que vous avez saisi est resté ci-dessous : réessayez un peu plus tard. Un double envoi ne compte qu’une fois.
kept-consents = Les cases que vous aviez cochées le sont toujours.
kept-retry = Réessayer

gone-title = Cette carte n’est plus en ligne
gone-text = Rien n’est parti : la carte a été retirée, peut-être pendant que vous écriviez.
gone-contact = Pour joindre { $organisation }, écrivez à
gone-typed = Ce que vous avez saisi
gone-not-kept = Nous n’en gardons rien : copiez-le si vous en avez besoin ailleurs.

late-title = Trop d’envois à la fois
late-text = Rien n’est parti pour l’instant : beaucoup d’envois sont venus de votre connexion, ou pour cette carte, en peu de temps. Tout ce que vous avez saisi est resté ci-dessous : { $seconds ->
    [one] attendez une seconde
   *[other] attendez { $seconds } secondes
}, puis réessayez. Un double envoi ne compte qu’une fois.

exchange-doubt-title = Envoyez encore une fois
exchange-doubt-trap = Rien n’est parti : un champ que l’on ne voit pas a été rempli, souvent par un gestionnaire de mots de passe. Il a été vidé et tout le reste est gardé.
exchange-doubt-quick = Rien n’est parti : le formulaire a été envoyé aussitôt ouvert, comme le ferait un programme. Tout ce que vous avez saisi est gardé : relisez-le, puis envoyez.
exchange-trap = Laissez ce champ vide

sent-title = C’est envoyé
sent-text = { $name } a vos coordonnées depuis le { $when }. Une copie vous parvient à { $email }.
sent-text-no-mail = { $name } a vos coordonnées depuis le { $when }.
sent-text-without-copy = { $name } a vos coordonnées depuis le { $when }. Plusieurs copies sont parties à { $email } en une heure : celle-ci a été gardée sans nouvelle copie.
sent-add = Ajouter { $name } à mes contacts
sent-back = Revenir à la carte

ca-title = Certificat de la maison
ca-text = { $organisation } signe elle-même ses adresses internes. Installez ce certificat sur un appareil pour qu’il leur fasse confiance.
ca-check = Avant de l’installer, comparez cette empreinte avec celle que votre service informatique vous donne par un autre chemin.
ca-fingerprint = Empreinte SHA-256
ca-download = Télécharger le certificat
