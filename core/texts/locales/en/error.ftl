# What went wrong, what is kept, what to do.

error-not-found-title = There is nothing at this address
error-not-found-text = The card may have been taken down, or the address is not complete. Scan the QR code again or ask for a new link.
error-console-not-found-text = What you are looking for may have been removed. Start again from home.
error-invalid-title = This request cannot be understood
error-invalid-text = Nothing was changed. Go back and check what was typed.
error-conflict-title = Things have changed in the meantime
error-conflict-text = Nothing was changed. Go back, reload the page and see where things stand.
error-forbidden-title = You may not do this
error-forbidden-text = Nothing was changed. Ask whoever administers Estampe.
error-unauthenticated-title = Sign in first
error-unauthenticated-text = This page needs an account.
error-unavailable-title = This is not possible right now
error-unavailable-text = A part of the system does not answer. Nothing is lost: try again in a minute.
error-full-title = There is no room left to store anything
error-full-text = The server’s storage is full, so nothing was changed. What is stored already can still be read. Tell whoever administers Estampe; once there is room, this works again by itself.
error-plugin-title = The plugin could not answer
error-plugin-text = Nothing was changed. This is what it said.
error-internal-title = Something broke on our side
error-internal-text = The incident is on record. Try again; if it happens once more, give the reference below to your IT department.
error-origin-title = This was not sent from our page
error-origin-text = To be safe, nothing was stored. Open the card again and send from there.
error-console-origin-text = To be safe, nothing was changed. Open the console again and start from there.
error-expired-title = This page had been open for too long
error-expired-text = Nothing was changed. Go back, reload the page and try again.
error-expired-kept = Nothing was changed yet, and nothing that you typed is lost: send it again.
error-ended-title = Your session has ended
error-ended-text = Nothing was changed yet, and nothing that you typed is lost as long as this page stays open. Sign in on another page, come back here, and send it again.
error-ended-sign-in = Sign in on another page
error-kept-send = Send again
error-method-title = This address is not asked in this way
error-method-text = Nothing was changed. Go back and start again from the page itself.
error-too-large-title = That is too large
error-too-large-text = Nothing was stored. Make the message shorter and send again.
error-too-slow-title = The connection was too slow
error-too-slow-text = What you sent did not arrive in time, and nothing was stored. Go back, where it is still written, and send again.
error-clear-title = This address is not encrypted
error-clear-text = Nothing was read or stored. Open the page again by its https:// address and send from there.
error-head-text = The head of the request is larger than what is accepted. Delete this site’s cookies and reload the page.
error-address-text = The address is longer than what is accepted. Start again from the link that you were given.
error-media-text = Nothing was stored: a form is sent as it is, neither compressed nor with attachments. Send it from the page itself.
error-host-text = The address of this site is missing or not well written. Start again from the link that you were given.
error-misdirected-title = This address is not served here
error-misdirected-text = The name that was asked for is not this site’s. Check the address, or tell your IT department.
error-too-many-title = Too many requests at once
error-too-many-text = Many came from your connection in a short time. { $seconds ->
    [one] Wait one second
   *[other] Wait { $seconds } seconds
}, then reload the page.
error-acceptable-title = This is not given in the format that was asked for
error-match-title = Say what you saw
error-key-title = This key was used for something else
error-under-way-title = This is being done
error-outcome-title = Nobody knows how this ended
error-token-title = A token is needed
error-reference = Reference
error-home = Go to home

error-unconfirmed-title = Confirm who you are
error-unconfirmed-text = This needs a person who showed a short while ago who they are.
