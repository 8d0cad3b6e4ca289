# Les changements qui partent vers l’annuaire.

changes-title = Changements vers l’annuaire
changes-text = Ces champs s’écrivent dans l’annuaire, une fois que la personne, ou qui dirige l’une de ses équipes, a donné son accord. La carte montre ce que dit l’annuaire, jusqu’à ce qu’il ait le changement.
changes-empty = Rien n’attend d’être écrit.
changes-stale = Ce changement n’est plus le même. Rien n’a été fait ; voici où il en est.
changes-count = { $count ->
    [one] Un changement vers l’annuaire attend ou a échoué
   *[other] { $count } changements vers l’annuaire attendent ou ont échoué
}
change-was = Dans l’annuaire
change-wanted = Doit devenir
change-asked-by = demandé par { $name } { $ago }
change-asked = demandé en ligne de commande ou par un programme { $ago }
change-agree = Donner son accord
change-again = Réessayer
change-refuse = Refuser
change-end = Retirer
change-state-asked = attend un accord
change-state-approved = va être écrit
change-state-waits = attend l’annuaire
change-state-writing = en cours d’écriture
change-state-failed = échoué
change-state-conflict = autre valeur
change-why-asked = La personne ou qui dirige l’une de ses équipes donne son accord. Personne d’autre ne le peut.
change-why-busy = L’annuaire « { $source } » demande une pause. Un nouvel essai part de lui-même.
change-why-away = L’annuaire « { $source } » ne répond pas. Un nouvel essai part de lui-même, pendant un jour.
change-why-away-long = L’annuaire « { $source } » n’a pas répondu de toute une journée. Réessayez quand il est de nouveau là.
change-why-off = Ce champ ne s’écrit plus dans « { $source } ». Retirez le changement, ou réglez de nouveau la source pour cela.
change-why-gone = « { $source } » ne connaît plus cette personne. Retirez le changement.
change-why-mapping = La source « { $source } » ne peut plus écrire ce champ : voyez son extension, ses accords et la correspondance des attributs.
change-why-not-shown = L’annuaire « { $source } » a accepté le changement plusieurs fois et ne le montre pas. Regardez-y ce que ce champ contient.
change-why-denied = L’annuaire « { $source } » refuse ce changement : l’autorisation manque, ou cette personne y est protégée (un rôle d’administration).
change-why-access = L’accès à « { $source } » est refusé : vérifiez la source.
change-why-unsupported = L’annuaire « { $source } » ne prend pas ce changement : la personne y vient d’un autre annuaire, ou la valeur n’y tient pas.
change-why-other = L’écriture a échoué. Le journal du service en dit plus ; réessayez.
change-why-conflict = « { $source } » dit maintenant autre chose : { $value }. Rien n’a été écrasé. Retirez le changement, et saisissez de nouveau la valeur si elle est toujours voulue.
