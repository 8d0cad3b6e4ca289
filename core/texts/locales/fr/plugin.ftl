nav-plugins = Extensions
plugins-title = Extensions
plugins-text = Elles lisent les annuaires et composent les signatures, dans un bac à sable : chacune ne fait que ce que vous lui accordez.
plugins-problem = Un fichier d’extension est inutilisable
plugins-empty = Aucune extension n’est installée. Il en faut une pour lire un annuaire.
plugins-column-name = Extension
plugins-column-version = Version
plugins-column-signature = Signature
plugins-column-granted = Accords
plugins-column-state = État
plugins-granted = { $granted } sur { $asked }
plugins-waits = { $version } attend
plugins-offered = Prêtes à être installées
plugins-install = Installer
plugins-upgrade = Mettre à jour
plugins-by-file = La même chose en ligne de commande, sur le serveur :
plugin-file-title = Depuis un fichier
plugin-file-text = L’extension qu’un intégrateur vous a envoyée, ou sa nouvelle version. Rien ne lui est accordé par l’envoi : vous verrez ensuite ce qu’elle demande, et vous en déciderez point par point.
plugin-file-label = Fichier de l’extension
plugin-file-hint = Un fichier .estampe, de { $mib } Mio au plus.
plugin-file-submit = Envoyer et examiner
plugin-file-empty = Choisissez le fichier à envoyer ; rien n’est arrivé.
plugin-file-too-large = Ce fichier dépasse { $mib } Mio. Rien n’a été conservé.
plugin-file-unreadable = Ce fichier n’est pas une extension d’Estampe, ou il est abîmé. Demandez-le à nouveau à qui vous l’a fourni.
plugin-file-manifest = Sa déclaration (plugin.toml) ne va pas. Transmettez la remarque à qui vous l’a fourni.
plugin-file-contract = Elle a été construite pour une autre version du contrat que celle que parle cet Estampe.
plugin-file-component = Son code ne peut pas être chargé ici. Transmettez la remarque à qui vous l’a fourni.
plugin-file-changed = Sa signature ne correspond pas : le fichier a été modifié après avoir été signé. Ne l’utilisez pas, et demandez-le à nouveau.
plugin-file-unsigned = Personne ne l’a signée. Une extension sans signature n’est prise que si la configuration le permet.
plugin-file-unknown-key = Elle est signée par la clé { $key }, que la configuration ne connaît pas. Si vous faites confiance à son auteur, nommez sa clé dans plugins.trusted_keys.
plugin-file-revoked-key = Elle est signée par la clé { $key }, qui est révoquée. Demandez-en une signée par une autre clé.
plugin-file-host = Elle n’a pas pu être examinée. Ce n’est pas la faute du fichier : voyez le journal du serveur.
plugin-file-not-newer = La version installée est la même, ou plus récente. Elle reste en place.
plugin-enabled = en service
plugin-disabled = arrêtée
plugin-paused = mise en pause
plugin-unusable = inutilisable
plugin-waits = attend vos accords
plugin-signed = signature vérifiée
plugin-unsigned = non signée
plugin-unknown-key = clé inconnue
plugin-revoked-key = clé révoquée
plugin-problem = Ce qui ne va pas
plugin-unusable-next = Mettez-la à jour, revenez à la version précédente ou retirez-la.
plugin-paused-next = Une fois la cause levée, remettez-la en service.
plugin-upgrade-waits = La version { $version } attend votre accord
plugin-upgrade-title = La version { $version } demande davantage
plugin-upgrade-text = D’ici à votre accord, la version { $version } continue.
plugin-other-key = { $version } est signée par une autre clé que { $current } : { $after } au lieu de { $before }. Ne l’utilisez que si vous vous y attendiez.
plugin-other-unsigned = { $version } n’est pas signée, alors que { $current } l’est par { $before }. Ne l’utilisez que si vous vous y attendiez.
plugin-other-signed = { $version } est signée par { $after }, alors que { $current } n’est pas signée. Ne l’utilisez que si vous vous y attendiez.
plugin-fresh-title = Elle est installée, et rien ne lui est accordé d’office
plugin-fresh-text = Elle ne fait rien avant votre accord. Voici ce qu’elle demande.
plugin-asks = Ce qu’elle demande
plugin-asks-version = Ce que { $version } demande
plugin-asks-nothing = Rien du tout.
plugin-new = nouveau
plugin-granted = Accords : { $granted } sur { $asked }
plugin-gone = Ne demande plus :
plugin-grant-all = { $count ->
    [one] Accorder ce qui manque
   *[other] Accorder les { $count } qui manquent
}
plugin-grant-new = { $count ->
    [one] Accorder le point nouveau
   *[other] Accorder les { $count } points nouveaux
}
plugin-grant-new-use = { $count ->
    [one] Accorder le point nouveau
   *[other] Accorder les { $count } points nouveaux
} et utiliser { $version }
plugin-grant-ticked = Enregistrer les accords cochés
plugin-use = Utiliser { $version } avec ces accords
plugin-networks = Réseaux privés
plugin-networks-text = Sans accord, une extension n’atteint aucune adresse privée, locale ou de cette machine. Nommez ici les réseaux de la maison qu’elle peut joindre.
plugin-network-add = Réseau
plugin-network-hint = Par exemple 10.1.2.0/24
plugin-network-wrong = Ce n’est pas un réseau. Écrivez-le ainsi : 10.1.2.0/24 ou fd00::/8.
plugin-network-submit = Accorder ce réseau
plugin-network-remove = Retirer
plugin-used = Utilisation
plugin-used-by-none = Aucune source ne s’en sert.
plugin-calls = Appels
plugin-calls-value = { $failed ->
    [0] { $calls }, tous réussis
   *[other] { $calls }, dont { $failed } en échec
}
plugin-time = Durée
plugin-time-value = { $seconds } s en tout depuis le démarrage
plugin-memory = Mémoire
plugin-memory-value = { $mib } Mio pour le plus gros appel
plugin-facts = Fiche
plugin-contract = Contrat
plugin-license = Licence
plugin-installed = Installée le
plugin-enable = Remettre en service
plugin-disable = Arrêter
plugin-rollback = Revenir à la version précédente
plugin-withdraw = Renoncer à { $version }
plugin-remove = Retirer l’extension
asked-input = Lire le fichier « { $name } »
asked-input-otherwise = Vous choisissez ce fichier en ajoutant une source. Sans accord, elle ne peut rien lire.
asked-http = Parler à { $host }
asked-http-otherwise = Aucun autre hôte, aucune redirection. Sans accord, ces requêtes sont refusées.
asked-change = Modifier quelque chose chez { $host }
asked-change-otherwise = Sans accord, ces requêtes sont refusées, et la lecture va bien.
asked-credential = Utiliser l’identifiant « { $name } »
asked-credential-otherwise = Le secret est ajouté par Estampe ; l’extension ne le voit jamais.
asked-ldap = Chercher dans l’annuaire de la source
asked-ldap-otherwise = Le serveur, la base et le filtre sont ceux de la source ; seuls les attributs accordés sont lus.
asked-read = { $count ->
    [one] Lire un champ des personnes
   *[other] Lire { $count } champs des personnes
}
asked-read-otherwise = Un champ sans accord n’arrive pas jusqu’aux cartes.
asked-mapped = Tout autre champ que nomme une correspondance
asked-mapped-otherwise = Vous écrivez la correspondance. Sans accord, les champs au-delà des précédents restent vides ; les mots de passe ne sont jamais lus.
asked-write = { $count ->
    [one] Écrire un champ dans l’annuaire
   *[other] Écrire { $count } champs dans l’annuaire
}
asked-write-otherwise = Sans accord, l’annuaire n’est jamais modifié.
asked-groups = Les groupes et leurs membres
asked-groups-otherwise = Sans accord, aucun groupe n’est connu ici : rien ne peut dépendre des groupes.
asked-groups-write = Créer et modifier des groupes dans l’annuaire
asked-groups-write-otherwise = Sans accord, aucun groupe n’y est créé ni modifié.
asked-limit = Davantage de mémoire ou de calcul
asked-limit-otherwise = Sans accord, les limites ordinaires valent ; au-delà, l’appel est arrêté et la synchronisation le dit.
