// What the console does beyond plain pages. Everything works without this file too: forms are
// sent, links are followed, and a page about work under way is loaded anew by the browser.

// ---- a page whose parts are brought up to date in place

const parse = (text) => new DOMParser().parseFromString(text, 'text/html');

/** Puts the parts of another state of this page in the place of those shown. */
function bring(page) {
  for (const shown of document.querySelectorAll('[data-part]')) {
    const fresh = page.querySelector(`[data-part="${shown.dataset.part}"]`);
    if (!fresh || fresh.outerHTML === shown.outerHTML) continue;
    // what is read out as it changes has to stay the element that it is
    if (shown.getAttribute('role') === 'status') shown.replaceChildren(...fresh.childNodes);
    else shown.replaceWith(fresh);
  }
}

/** Another state of this page; nothing where it cannot be had, such as after signing out. */
async function fetchPage(address, signal) {
  const answer = await fetch(address, { headers: { accept: 'text/html' }, signal });
  return answer.ok && !answer.redirected ? parse(await answer.text()) : undefined;
}

// ---- work under way: its page follows it

async function follow() {
  try {
    const page = await fetchPage(location.href);
    // it ended, or what it does now is shown otherwise: the page itself tells it
    const state = page?.querySelector('main[data-live]')?.dataset.live;
    if (state === undefined || state !== document.querySelector('main').dataset.live) {
      location.reload();
      return;
    }
    bring(page);
  } catch {
    // the server may be restarting: asked again
  }
  setTimeout(follow, 1500);
}
if (document.querySelector('main[data-live]')) setTimeout(follow, 1500);

// ---- search as you type

const search = document.querySelector('form[data-search]');
if (search) {
  const input = search.elements.q;
  let asked;
  let timer;
  let shown = input.value.trim();

  const address = () => {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(search)) if (value.trim() !== '') query.append(name, value.trim());
    return `${search.getAttribute('action')}${query.size ? `?${query}` : ''}`;
  };

  const look = async () => {
    const typed = input.value.trim();
    if (typed === shown) return;
    asked?.abort();
    const mine = (asked = new AbortController());
    const wanted = address();
    try {
      const page = await fetchPage(wanted, mine.signal);
      if (!page) {
        location.assign(wanted);
        return;
      }
      bring(page);
      // the list before the search is one step back, not one for each letter
      if (history.state?.typed) history.replaceState({ typed: true }, '', wanted);
      else history.pushState({ typed: true }, '', wanted);
      shown = typed;
    } catch (problem) {
      if (problem.name !== 'AbortError') location.assign(wanted);
    }
  };

  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(look, 120);
  });
  addEventListener('popstate', () => location.reload());
}

// ---- a signature, copied as mail programs take it

for (const place of document.querySelectorAll('[data-copy]')) {
  const button = place.querySelector('button');
  const status = place.querySelector('[role="status"]');
  if (!navigator.clipboard?.write || !window.ClipboardItem) continue;
  button.hidden = false;
  button.addEventListener('click', async () => {
    const part = async (address, type) => {
      const answer = await fetch(address);
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      return new Blob([type === 'text/html' ? parse(text).body.innerHTML : text], { type });
    };
    try {
      // Safari wants promises, made while the click lasts
      const item = { 'text/html': part(place.dataset.copy, 'text/html'), 'text/plain': part(place.dataset.copyText, 'text/plain') };
      await navigator.clipboard.write([new ClipboardItem(item)]);
      status.textContent = status.dataset.done;
    } catch {
      status.textContent = status.dataset.failed;
    }
  });
}

// ---- what is pasted elsewhere

for (const place of document.querySelectorAll('[data-paste]')) {
  const button = place.querySelector('button');
  const status = place.querySelector('[role="status"]');
  const field = place.querySelector('textarea');
  if (!navigator.clipboard?.writeText) continue;
  button.hidden = false;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      status.textContent = status.dataset.done;
    } catch {
      field.select();
      status.textContent = status.dataset.failed;
    }
  });
}
