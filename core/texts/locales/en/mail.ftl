# Courriels / mails: keys begin with `mail-`.
