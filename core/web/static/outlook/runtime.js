// Puts the signature of whoever writes below a new mail. Before this file stand the appliance's
// address (ESTAMPE_ORIGIN) and words in two languages (ESTAMPE_WORDS). Classic Outlook runs it by
// itself, without a page around it: no modules, no `await`, no `location`.
'use strict';

// what Outlook keeps for this mailbox: the key, and the signature for when we cannot be reached
const KEY = 'estampe-key';
const KEPT = 'estampe-signature';
// Outlook gives an add-in 32 KB in all
const MOST_KEPT = 24000;
// `setSignatureAsync` takes 30,000 characters
const MOST = 30000;

function estampeSettings() {
  return Office.context.roamingSettings;
}

function estampeWords() {
  const language = String(Office.context.displayLanguage || 'en').slice(0, 2);
  return ESTAMPE_WORDS[language] || ESTAMPE_WORDS.en;
}

// Keeps a value for this mailbox; nothing removes it.
function estampeKeep(name, value, done) {
  if (value) estampeSettings().set(name, value);
  else estampeSettings().remove(name);
  estampeSettings().saveAsync(function (result) {
    if (done) done(result.status === 'succeeded');
  });
}

// Fetches one's own signature: 'there' with it, 'none', 'refused' or 'away'.
function estampeFetch(key, done) {
  const request = new XMLHttpRequest();
  request.open('GET', ESTAMPE_ORIGIN + '/api/v1/me/signature');
  request.timeout = 5000;
  request.setRequestHeader('Authorization', 'Bearer ' + key);
  request.setRequestHeader('Accept', 'application/json');
  request.onload = function () {
    if (request.status === 200) {
      let html = '';
      try {
        html = JSON.parse(request.responseText).html;
      } catch (problem) {
        html = '';
      }
      if (html && html.length <= MOST) done('there', html);
      else done('away');
    } else if (request.status === 404) done('none');
    else if (request.status === 401 || request.status === 403) done('refused');
    else done('away');
  };
  request.onerror = function () {
    done('away');
  };
  request.ontimeout = request.onerror;
  request.send();
}

// Puts the signature below the mail that is being written. Says what became of it: 'done',
// 'unconnected', 'refused', 'none', 'away' or 'failed'.
function estampePut(done) {
  const key = estampeSettings().get(KEY);
  if (!key) {
    done('unconnected');
    return;
  }
  const put = function (html) {
    const item = Office.context.mailbox.item;
    const set = function () {
      item.body.setSignatureAsync(html, { coercionType: 'html' }, function (result) {
        done(result.status === 'succeeded' ? 'done' : 'failed');
      });
    };
    // else Outlook adds its own below ours
    if (item.disableClientSignatureAsync) item.disableClientSignatureAsync(set);
    else set();
  };
  estampeFetch(key, function (state, html) {
    if (state === 'there') {
      if (html.length <= MOST_KEPT && estampeSettings().get(KEPT) !== html) estampeKeep(KEPT, html);
      put(html);
    } else if (state === 'away' && estampeSettings().get(KEPT)) {
      // outside of the house's network: as it was last
      put(estampeSettings().get(KEPT));
    } else {
      // what is over or taken away is not used for ever
      if (state !== 'away' && estampeSettings().get(KEPT)) estampeKeep(KEPT, '');
      done(state);
    }
  });
}

// A line above the mail, with the way to the pane.
function estampeAsk(message, done) {
  Office.context.mailbox.item.notificationMessages.addAsync(
    'estampe',
    {
      type: 'insightMessage',
      message: message,
      icon: 'Icon16',
      actions: [
        { actionType: 'showTaskPane', actionText: estampeWords().open, commandId: 'EstampePane', contextData: '{}' },
      ],
    },
    done
  );
}

// Outlook calls this when a mail is begun.
function estampeOnNewMail(event) {
  estampePut(function (state) {
    const finish = function () {
      event.completed();
    };
    if (state === 'unconnected') estampeAsk(estampeWords().unconnected, finish);
    else if (state === 'refused') estampeAsk(estampeWords().refused, finish);
    else finish();
  });
}

if (typeof Office !== 'undefined' && Office.actions) Office.actions.associate('estampeOnNewMail', estampeOnNewMail);
