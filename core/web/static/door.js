// Passkeys need a device, and so a script: without it these forms stay hidden and the other
// ways in work. A code that came in the part of an address after # never reaches a server.
"use strict";
{
  const field = document.getElementById("f-token");
  if (field && !field.value && location.hash.length > 1) {
    field.value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, "", location.pathname + location.search);
  }
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const creates = form.dataset.passkey === "create";
    const parse = window.PublicKeyCredential
      && (creates ? PublicKeyCredential.parseCreationOptionsFromJSON : PublicKeyCredential.parseRequestOptionsFromJSON);
    if (!parse) continue;
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const problem = form.querySelector(".problem");
      const button = form.querySelector("button");
      problem.hidden = true;
      button.disabled = true;
      try {
        const publicKey = parse.call(PublicKeyCredential, JSON.parse(form.dataset.options));
        const found = await navigator.credentials[creates ? "create" : "get"]({ publicKey });
        form.querySelector("[data-answer]").value = JSON.stringify(found.toJSON());
        form.submit();
      } catch {
        problem.hidden = false;
        button.disabled = false;
      }
    });
  }
}
