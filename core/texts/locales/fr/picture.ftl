# Images des signatures.

pictures-title = Images
pictures-open = Voir les images
pictures-panel-text =
    { $count ->
        [0] Les logos et bandeaux des signatures, servis par votre propre serveur. Il n’y en a pas encore.
        [one] Les logos et bandeaux des signatures, servis par votre propre serveur. Il y en a une.
       *[other] Les logos et bandeaux des signatures, servis par votre propre serveur. Il y en a { $count }.
    }
pictures-text = Les logos et bandeaux des signatures. Les messageries les chargent depuis votre adresse publique ; un modèle ou une règle désigne une image par l’adresse sous son nom.
pictures-none = Il n’y a pas encore d’image.
picture-facts = { $width } × { $height } pixels, { $kib } Kio
picture-used = Utilisée par : { $names }
picture-kept = { $name } reste : un modèle ou une règle l’utilise. Changez-le d’abord.
picture-remove = Retirer
picture-remove-text = Une image peut être retirée quand aucun modèle ni aucune règle ne l’utilise. Dans les courriels déjà envoyés, un vide prend alors sa place.
picture-bring-title = Ajouter une image
picture-bring = Ajouter
picture-name = Nom
picture-name-hint = Sans nom, l’image prend celui du fichier.
picture-file = Fichier
picture-file-hint = PNG, JPEG ou WebP. L’image est réduite à { $width } × { $height } pixels et perd tout ce que le fichier contient d’autre ; elle pèse alors { $kib } Kio au plus.
picture-file-empty = Choisissez l’image à ajouter ; rien n’est arrivé.
picture-file-too-large = Le fichier dépasse { $mib } Mio.
picture-file-unknown = Ce n’est pas une image PNG, JPEG ou WebP. Les messageries n’en affichent pas d’autre.
picture-file-moves = Cette image est animée, et Outlook n’en montre que la première vue. Ajoutez celle-ci en PNG ou en JPEG.
picture-file-pixels = Cette image dépasse 6 000 pixels de large ou de haut. Réduisez-la.
picture-file-damaged = Cette image est abîmée : elle ne se lit pas jusqu’au bout.
picture-file-heavy = Cette image pèserait { $kib } Kio dans chaque courriel, et { $most } sont le maximum. Réduisez-la, ou enregistrez-la en JPEG.
picture-same = Cette image est déjà là, sous le nom { $name }.
picture-too-many = Il y a déjà { $most } images. Retirez-en une d’abord.
