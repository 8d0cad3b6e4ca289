# Synchronisations : plan, accord, rapport.

run-title = Plan du { $when }
run-title-done = Synchronisation du { $when }
run-state-planning = lecture en cours
run-state-held = en attente
run-state-applying = application en cours
run-state-done = à jour
run-state-failed = échec
run-state-discarded = abandonnée

run-planning-text = Lecture de l’annuaire. Rien n’est modifié tant que le plan n’est pas complet. Cette page se met à jour seule.
run-applying-text = Les changements sont en train d’être appliqués. Cette page se met à jour seule.
run-held-text = Rien n’est encore appliqué.
run-done-text = Appliqué le { $when }.
run-failed-half = Ce qui était appliqué le reste. La prochaine synchronisation fera la suite.
run-failed-text = Rien n’a été modifié.
run-discarded-text = Le plan a été abandonné le { $when }. Rien n’a été modifié.

run-gone-title = { $count ->
    [one] Une personne disparaîtrait, sur { $known } ({ $percent } %)
   *[other] { $count } personnes disparaîtraient, sur { $known } ({ $percent } %)
}
run-gone-text = C’est plus qu’à l’ordinaire. Vérifiez que l’annuaire est complet : une unité déplacée ou un fichier tronqué ont le même effet. Désactiver retire les cartes et n’efface rien ; une synchronisation suivante les ramène.
run-groups-gone-title = { $count ->
    [one] Un groupe disparaîtrait, sur { $known } ({ $percent } %)
   *[other] { $count } groupes disparaîtraient, sur { $known } ({ $percent } %)
}
run-groups-gone-text = C’est plus qu’à l’ordinaire. Qui en fait partie perd ce que ces groupes donnent : équipes, rôles, signatures. Vérifiez la base et le filtre des groupes, et si le compte peut encore les lire.
run-plan-title = { $count ->
    [0] Seuls des groupes changent
    [one] Un changement est prêt
   *[other] { $count } changements sont prêts
}
run-plan-text = Vous avez demandé un plan seulement. Il attend votre accord.
run-approve-gone = { $count ->
    [one] Désactiver cette personne
   *[other] Désactiver les { $count }
}
run-approve-groups-gone = { $count ->
    [one] Laisser partir ce groupe et appliquer le reste
   *[other] Laisser partir les { $count } groupes et appliquer le reste
}
run-approve-gone-others = Désactiver les { $count } et appliquer { $others ->
    [one] un autre changement
   *[other] les { $others } autres changements
}
run-approve = { $count ->
    [0] Terminer
    [one] Appliquer ce changement
   *[other] Appliquer les { $count } changements
}
run-discard = Abandonner ce plan
run-failed-title = La synchronisation n’a pas abouti
run-failed-again = Synchroniser à nouveau

failure-config = Les réglages de la source ne vont pas : corrigez-les, puis vérifiez l’accès.
failure-access = L’accès a été refusé : un accord manque, ou l’annuaire refuse.
failure-access-which = Les mots ci-dessous disent lequel des deux.
failure-missing = Ce qui devait être lu n’est pas là : vérifiez le chemin.
failure-away = L’annuaire ne répond pas : réessayez plus tard.
failure-limit = Une limite a été dépassée : l’annuaire est plus grand que ce que l’extension peut lire.
failure-applying = Estampe n’a pas pu écrire tout le plan. Le journal du serveur dit pourquoi.
failure-defect = L’extension s’est arrêtée sur un défaut : prévenez qui la fournit.

run-chips = Résumé du plan
run-chip-created = { $count ->
    [one] { $count } nouvelle
   *[other] { $count } nouvelles
}
run-chip-changed = { $count ->
    [one] { $count } modifiée
   *[other] { $count } modifiées
}
run-chip-disable = { $count } à désactiver
run-chip-disabled = { $count ->
    [one] { $count } désactivée
   *[other] { $count } désactivées
}
run-chip-unchanged = { $count } sans rien à faire
run-chip-groups-created = { $count ->
    [one] { $count } nouveau groupe
   *[other] { $count } nouveaux groupes
}
run-chip-groups-changed = { $count ->
    [one] { $count } groupe modifié
   *[other] { $count } groupes modifiés
}
run-chip-groups-go = { $count ->
    [one] { $count } groupe à retirer
   *[other] { $count } groupes à retirer
}
run-chip-groups-gone = { $count ->
    [one] { $count } groupe disparu
   *[other] { $count } groupes disparus
}
run-chip-refused = { $count ->
    [one] { $count } refusée
   *[other] { $count } refusées
}

run-groups-going = Groupes qui disparaîtraient
run-lines = Changements
run-column-person = Personne
run-column-change = Changement
run-column-decision = Décision
run-line-created = carte créée
run-line-create = carte à créer
run-line-back = carte montrée de nouveau
run-line-disable = carte à retirer, rien n’est effacé
run-line-disabled = carte retirée, rien n’est effacé
run-action-create = nouvelle
run-action-update = modifiée
run-action-disable = à désactiver
run-action-disabled = désactivée
run-old = avant
run-new = après
run-lines-count = { $count ->
    [one] Une ligne.
   *[other] { $shown } lignes sur { $count }.
}
run-show = Ce qui est montré
run-show-all = Tout
run-show-disable = À désactiver
run-show-disabled = Désactivées
run-show-changed = Modifiées
run-show-created = Nouvelles
run-show-refused = Refusées
run-why-missing = n’est plus dans la source
run-why-deleted = supprimée, ou sortie de ce que lit cette source
run-why-moved = déplacée hors de ce que lit cette source
run-why-disabled-there = marquée là-bas comme inactive
run-why-back = de retour dans la source
run-line-same = rien de ce que montre sa carte
run-value-none = rien
run-photo-new = une nouvelle photo
run-photo-old = la photo jusqu’ici
run-lines-none = Rien ne change.
run-nothing-text = La source a été lue jusqu’au bout : chacun ici est comme elle le dit. Rien n’a été modifié.
run-lines-past = Le détail de cette synchronisation n’est plus gardé.

run-refusals = Refusées
run-refusals-all = Voir les { $count }
run-refusals-kept = Les raisons des { $kept } premières sont gardées, sur { $count }.
run-refusals-text = Elles ne sont pas devenues des personnes ; les autres ne sont pas touchées.
run-column-position = Où
run-column-reason = Pourquoi
refusal-no-name-no-mail = Ni nom ni courriel : ce n’est pas une personne. Écartez cette entrée de l’export, ou donnez-lui un nom.
refusal-name-not-granted = Des champs qui donneraient un nom ou un courriel ne sont pas accordés à l’extension : accordez-les, puis relancez.
refusal-bad-name = Le nom ne peut pas être montré : il est trop long ou contient des caractères invisibles.
refusal-bad-identity = L’identifiant est vide ou trop long. Il en faut un, stable, pour chaque personne.
refusal-twice = Cet identifiant apparaît déjà plus haut. La première entrée a été gardée.
refusal-photo = La photo ne peut pas être lue. La personne est gardée, sans cette photo.
refusal-left-out = Certaines valeurs sont illisibles. La personne est gardée, sans elles.
refusal-connector = L’entrée ne peut pas être lue.
run-log = Ce que l’extension a écrit
run-log-lines = { $count ->
    [one] une ligne
   *[other] { $count } lignes
}
log-debug = détail
log-info = information
log-warn = attention
log-error = erreur
