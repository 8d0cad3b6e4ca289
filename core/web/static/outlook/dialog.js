// Hands the new key to the add-in that opened this page, where one did.
/* global Office */
Office.onReady(() => {
  Office.context.ui.messageParent(document.querySelector('[data-key]').textContent.trim());
});
