# Le complément pour Outlook.

outlook-name = Signature
outlook-text = Place la signature de l’organisation sous les nouveaux messages.
outlook-put = Placer la signature
outlook-done = La signature est sous le message.
outlook-away = L’appareil est injoignable, et aucune signature n’a été gardée.
outlook-failed = Outlook ne l’a pas prise.
outlook-connect = Connecter Outlook
outlook-connect-text = Outlook recevra une clé qui n’ouvre que votre propre signature. Outlook la garde avec votre boîte aux lettres. Elle vaut un an, et vous pouvez la révoquer à tout moment parmi vos jetons.
outlook-connected = Outlook est connecté. Si cette fenêtre ne se ferme pas d’elle-même, copiez cette clé dans le complément. Elle n’est montrée que cette fois.
outlook-disconnect = Déconnecter
outlook-gone = Déconnecté. Vous pouvez révoquer la clé parmi vos jetons.
outlook-taken = Connecté.
outlook-blocked = Outlook n’a pas ouvert la fenêtre. Prenez plutôt la clé.
outlook-key = Clé
outlook-key-hint = Si aucune fenêtre ne s’ouvre : faites-en une à l’adresse { $address } et collez-la ici.
outlook-key-take = Prendre cette clé
outlook-key-wrong = Ce n’est pas une clé d’ici.
outlook-open = Ouvrir
outlook-unconnected = Connectez Outlook, et votre signature viendra d’elle-même.
outlook-refused = La clé de votre signature a expiré. Connectez Outlook de nouveau.
signature-way-addin = Outlook, le nouveau, sur le web ou pour Mac
signature-way-addin-text = Là où vos administrateurs ont installé le complément, ouvrez « Signature » en écrivant un message et connectez-le une fois. Ensuite la signature vient d’elle-même.
outlook-no-signature = Votre compte ne voit aucune signature qui soit la sienne.
