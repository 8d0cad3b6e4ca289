# Ce que le fournisseur d’une source doit permettre, et la mise en place guidée.

permissions = Autorisations
permissions-title = Autorisations chez { $provider }
permissions-text = Accordez ce qui est nécessaire, et rien de plus. La vérification pose une question sans effet pour chacune.
permissions-none = L’extension { $plugin } ne nomme aucune autorisation.
permissions-check = Vérifier chacune
permissions-all-there = Tout ce qui est nécessaire est là.
permissions-some-missing =
    { $count ->
        [one] Une autorisation manque.
       *[other] { $count } autorisations manquent.
    }
permission = Autorisation
permissions-needed = Nécessaire
permissions-granted = Accordée
permissions-always = Toujours
permissions-now = Oui, activé
permissions-off = Non, désactivé
permissions-there = Présente
permissions-missing = Manque
permissions-not-there = Absente
permissions-idle = Présente, sans usage
permissions-untried = Non vérifiée
permissions-paste = À accorder là-bas
permissions-paste-text = Ce qu’il faut pour ce qui est activé maintenant.
permissions-copy = Copier
permissions-copied = Copié.
permissions-copy-failed = Sélectionnez le texte et copiez-le vous-même.
permissions-beyond = Plus qu’il n’en faut
permissions-beyond-text = Elles sont accordées là-bas, et rien ici ne s’en sert jamais. Retirez-les, sauf si un autre programme en a besoin.
permissions-never = Jamais utilisées
permissions-never-text = Des programmes semblables les demandent souvent. Cette extension, non.
permissions-never-used = Jamais utilisée
setup-title = Chez { $provider }
setup-text = Une fois, avant le formulaire ci-dessous. C’est à faire par qui administre { $provider }.
setup-want = Que doit-elle faire ?
setup-want-text = Chaque choix demande des autorisations là-bas. Prenez ce qu’il vous faut ; le reste peut venir plus tard.
setup-show = Montrer les étapes
setup-open = Ouvrir la page
setup-then = Puis ici
