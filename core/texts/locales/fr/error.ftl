# Ce qui n'a pas marché, ce qui est gardé, ce qu'il faut faire.

error-not-found-title = Il n’y a rien à cette adresse
error-not-found-text = La carte a peut-être été retirée, ou l’adresse est incomplète. Scannez à nouveau le QR ou demandez un nouveau lien.
error-console-not-found-text = Ce que vous cherchez a peut-être été retiré. Reprenez depuis l’accueil.
error-invalid-title = Cette demande ne peut pas être comprise
error-invalid-text = Rien n’a été modifié. Revenez en arrière et vérifiez ce qui a été saisi.
error-conflict-title = La situation a changé entre-temps
error-conflict-text = Rien n’a été modifié. Revenez en arrière, rechargez la page et regardez où en sont les choses.
error-forbidden-title = Vous n’avez pas ce droit
error-forbidden-text = Rien n’a été modifié. Demandez à la personne qui administre Estampe.
error-unauthenticated-title = Connectez-vous d’abord
error-unauthenticated-text = Cette page demande un compte.
error-unavailable-title = Ce n’est pas possible pour l’instant
error-unavailable-text = Une partie du système ne répond pas. Rien n’a été perdu : réessayez dans une minute.
error-full-title = Il n’y a plus de place pour enregistrer quoi que ce soit
error-full-text = Le stockage du serveur est plein : rien n’a été modifié. Ce qui est déjà enregistré reste consultable. Prévenez la personne qui administre Estampe ; dès qu’il y aura de la place, tout fonctionnera de nouveau.
error-plugin-title = L’extension n’a pas pu répondre
error-plugin-text = Rien n’a été modifié. Voici ce qu’elle a dit.
error-internal-title = Quelque chose s’est cassé de notre côté
error-internal-text = L’incident est consigné. Réessayez ; si cela se reproduit, donnez la référence ci-dessous à votre service informatique.
error-origin-title = Cet envoi ne vient pas de cette page
error-origin-text = Par prudence, rien n’a été enregistré. Ouvrez la carte à nouveau et envoyez depuis là.
error-console-origin-text = Par prudence, rien n’a été modifié. Ouvrez la console à nouveau et recommencez depuis là.
error-expired-title = Cette page était ouverte depuis trop longtemps
error-expired-text = Rien n’a été modifié. Revenez en arrière, rechargez la page et recommencez.
error-expired-kept = Rien n’a encore été modifié, et rien de votre saisie n’est perdu : envoyez-la à nouveau.
error-ended-title = Votre session a pris fin
error-ended-text = Rien n’a encore été modifié, et rien de votre saisie n’est perdu tant que cette page reste ouverte. Connectez-vous sur une autre page, revenez ici et envoyez-la à nouveau.
error-ended-sign-in = Se connecter sur une autre page
error-kept-send = Envoyer à nouveau
error-method-title = Cette adresse ne se demande pas ainsi
error-method-text = Rien n’a été modifié. Revenez en arrière et reprenez depuis la page elle-même.
error-too-large-title = C’est trop volumineux
error-too-large-text = Rien n’a été enregistré. Raccourcissez le message et envoyez à nouveau.
error-too-slow-title = La connexion était trop lente
error-too-slow-text = Ce que vous avez envoyé n’est pas arrivé à temps et rien n’a été enregistré. Revenez en arrière, où votre saisie est conservée, et envoyez à nouveau.
error-clear-title = Cette adresse n’est pas chiffrée
error-clear-text = Rien n’a été lu ni enregistré. Ouvrez à nouveau la page par son adresse en https:// et envoyez depuis là.
error-head-text = L’en-tête de la demande dépasse ce qui est accepté. Effacez les cookies de ce site, puis rechargez la page.
error-address-text = L’adresse dépasse ce qui est accepté. Reprenez depuis le lien que l’on vous a donné.
error-media-text = Rien n’a été enregistré : un formulaire se transmet tel quel, sans compression ni pièce jointe. Envoyez-le depuis la page elle-même.
error-host-text = L’adresse de ce site manque ou est mal écrite. Reprenez depuis le lien que l’on vous a donné.
error-misdirected-title = Cette adresse n’est pas servie ici
error-misdirected-text = Le nom demandé n’est pas celui de ce site. Vérifiez l’adresse, ou prévenez votre service informatique.
error-too-many-title = Trop de demandes à la fois
error-too-many-text = Beaucoup de demandes sont venues de votre connexion en peu de temps. { $seconds ->
    [one] Attendez une seconde
   *[other] Attendez { $seconds } secondes
}, puis rechargez la page.
error-acceptable-title = Le format demandé n’existe pas ici
error-match-title = Dites ce que vous avez vu
error-key-title = Cette clé a servi à autre chose
error-under-way-title = C’est en cours
error-outcome-title = Personne ne sait comment cela s’est terminé
error-token-title = Il faut un jeton
error-reference = Référence
error-home = Aller à l’accueil

error-unconfirmed-title = Confirmez votre identité
error-unconfirmed-text = Cette opération demande une personne qui vient de prouver son identité.
