// The pane of the add-in: connects it, and puts the signature when somebody asks.
/* global Office, estampePut, estampeKeep, estampeSettings, ESTAMPE_ORIGIN */
const pane = document.querySelector('[data-pane]');
const status = pane.querySelector('[role="status"]');
const field = pane.querySelector('input');

const say = (what) => {
  status.textContent = status.getAttribute(`data-${what}`) ?? '';
};

const show = () => {
  const connected = Boolean(estampeSettings().get('estampe-key'));
  for (const part of pane.querySelectorAll('[data-when]')) part.hidden = (part.dataset.when === 'connected') !== connected;
};

const take = (key) => {
  if (!/^estp_[0-9a-v]{60}$/.test(key)) {
    say('wrong');
    return;
  }
  estampeKeep('estampe-key', key, (kept) => {
    field.value = '';
    show();
    say(kept ? 'taken' : 'failed');
  });
};

Office.onReady(() => {
  show();
  pane.querySelector('[data-do="connect"]').addEventListener('click', () => {
    Office.context.ui.displayDialogAsync(`${ESTAMPE_ORIGIN}/outlook/connect`, { height: 70, width: 40 }, (opened) => {
      if (opened.status !== 'succeeded') {
        say('blocked');
        return;
      }
      const dialog = opened.value;
      dialog.addEventHandler(Office.EventType.DialogMessageReceived, (told) => {
        dialog.close();
        take(told.message);
      });
    });
  });
  pane.querySelector('form').addEventListener('submit', (event) => {
    event.preventDefault();
    take(field.value.trim());
  });
  pane.querySelector('[data-do="put"]').addEventListener('click', () => estampePut(say));
  pane.querySelector('[data-do="disconnect"]').addEventListener('click', () => {
    estampeKeep('estampe-signature', '');
    estampeKeep('estampe-key', '', () => {
      show();
      say('gone');
    });
  });
});
