// The inspector's page. It shows what others sent: text only ever becomes text.

const $ = (id) => document.getElementById(id);

/* ---- Elements ---- */

// What commands a terminal, hides, or turns the direction of writing, shows as an escape.
const COMMANDS = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;

const escapeOf = (char) => `\\u{${char.codePointAt(0).toString(16)}}`;
const escaped = (text) => text.replace(COMMANDS, escapeOf);

function texts(text, keeps = '') {
  const nodes = [];
  let end = 0;
  const plain = (until) => until > end && nodes.push(document.createTextNode(text.slice(end, until)));
  for (const match of text.matchAll(COMMANDS)) {
    if (keeps.includes(match[0])) continue;
    plain(match.index);
    const escape = document.createElement('span');
    escape.className = 'escape';
    escape.textContent = escapeOf(match[0]);
    nodes.push(escape);
    end = match.index + match[0].length;
  }
  plain(text.length);
  return nodes;
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  for (const child of [children].flat(3)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(...(child instanceof Node ? [child] : texts(String(child))));
  }
  return node;
}

const element = (name, attributes = {}, children = []) =>
  fill(document.createElement(name), attributes, children);
// Elements of HTML are not drawn in SVG: its escapes are plain text.
const drawn = (name, attributes = {}, children = []) => fill(
  document.createElementNS('http://www.w3.org/2000/svg', name), attributes,
  [children].flat().map((child) => (typeof child === 'string' ? escaped(child) : child)));

/* ---- What the list knows ---- */

const requests = new Map();
let about = { statuses: [] };
let kept = { accepted: 400, refused: 100 };
let last = 0;
let missed = 0;
let selected = null;

const STATUSES = {
  pending: ['…', 'waiting'],
  notfound: ['?', 'waiting'],
  inforeceived: ['i', 'waiting'],
  transit: ['→', 'moving'],
  pickup: ['▲', 'moving'],
  delivered: ['✓', 'good'],
  undelivered: ['↩', 'bad'],
  exception: ['!', 'bad'],
  expired: ['×', 'bad'],
};
const look = (status) => STATUSES[status] ?? ['•', 'waiting'];

function statusOf(status) {
  const [glyph, tone] = look(status);
  return [
    element('span', { class: `glyph tone-${tone}`, 'aria-hidden': 'true' }, glyph),
    element('span', {}, status ?? 'no status'),
  ];
}

const clock = (time) => new Date(time).toLocaleTimeString([], { hour12: false });
const isGood = (status) => status >= 200 && status < 300;
const milliseconds = (length) => `${length < 9.95 ? length.toFixed(1) : Math.round(length)} ms`;

function length(seconds) {
  const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const size = Math.abs(seconds);
  const at = units.findIndex(([unit]) => size >= unit);
  if (at < 0) return '0 s';
  const [unit, name] = units[at];
  const rest = units[at + 1] && Math.floor((size % unit) / units[at + 1][0]);
  return `${Math.floor(size / unit)} ${name}${rest ? ` ${rest} ${units[at + 1][1]}` : ''}`;
}
const age = (seconds) => (seconds < 0 ? `${length(seconds)} ahead` : `${length(seconds)} ago`);

function add(arrived, answered = null) {
  if (arrived.number > last + 1) missed += arrived.number - last - 1;
  last = Math.max(last, arrived.number);
  requests.set(arrived.number, { arrived, answered, row: null });
  const isAccepted = (request) => request.arrived.event === 'accepted';
  const alike = [...requests.values()].filter((request) => isAccepted(request) === isAccepted({ arrived }));
  const limit = arrived.event === 'accepted' ? kept.accepted : kept.refused;
  for (const request of alike.slice(0, Math.max(0, alike.length - limit))) {
    requests.delete(request.arrived.number);
  }
}

const handlers = {
  list(list) {
    about = list.about;
    kept = { accepted: list.accepted_kept, refused: list.refused_kept };
    const before = last;
    const fresh = list.requests.filter(({ arrived }) => arrived.number > before).length;
    const newest = list.requests.at(-1)?.arrived.number ?? 0;
    missed += Math.max(0, newest - before - fresh);
    requests.clear();
    last = Math.max(before, newest);
    for (const { arrived, answered } of list.requests) {
      requests.set(arrived.number, { arrived, answered, row: null });
    }
    describe();
  },
  arrived: (arrived) => add(arrived),
  answered(answered) {
    const request = requests.get(answered.number);
    if (!request) return;
    request.answered = answered;
    request.row = null;
    if (selected === answered.number) open(selected);
  },
  heartbeat() {},
};

/* ---- The stream ---- */

const SILENCE = 7000;
let source = null;
let place = null;
let watchdog = 0;

function connect() {
  source?.close();
  source = new EventSource(place === null ? 'events' : `events?after=${place}`);
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => {
      alive();
      if (event.lastEventId) place = event.lastEventId;
      handle(JSON.parse(event.data));
      if (name !== 'heartbeat') draw();
    });
  }
  source.addEventListener('error', () => {
    state(false);
    if (source.readyState === EventSource.CLOSED) wait(1000);
  });
  wait(SILENCE);
}

function alive() {
  state(true);
  wait(SILENCE);
}

function wait(time) {
  clearTimeout(watchdog);
  watchdog = setTimeout(() => {
    state(false);
    connect();
  }, time);
}

function state(isLive) {
  const node = $('state');
  node.classList.toggle('live', isLive);
  const text = isLive ? 'live' : 'disconnected';
  if (node.textContent !== text) node.textContent = text;
  node.title = isLive ? '' : 'Is listen still running? This page keeps trying to reconnect.';
}

/* ---- The list ---- */

function matches({ arrived }) {
  const text = $('text').value.trim().toLowerCase();
  const status = $('status').value;
  const verdict = $('verdict').value;
  if (verdict && arrived.event !== verdict) return false;
  if (status && arrived.status !== status) return false;
  const all = [arrived.parcel, arrived.courier, arrived.status, arrived.latest_event, arrived.code,
    arrived.path, `#${arrived.number}`];
  return !text || all.some((own) => own?.toLowerCase().includes(text));
}

function rowOf(request) {
  const { arrived, answered } = request;
  const isAccepted = arrived.event === 'accepted';
  const what = {
    accepted: () => [statusOf(arrived.status), arrived.courier && ` · ${arrived.courier}`],
    refused: () => arrived.reason,
    unexpected: () => 'unexpected path or method',
  }[arrived.event]();
  const title = {
    accepted: () => arrived.parcel,
    refused: () => arrived.code,
    unexpected: () => `${arrived.method} ${arrived.path}`,
  }[arrived.event]();
  const answer = answered ? String(answered.status) : '…';
  const isFine = isAccepted && (!answered || isGood(answered.status));
  return element('li', {}, element('button', {
    class: 'row', type: 'button', 'data-number': arrived.number,
    click: () => open(arrived.number),
  }, [
    element('b', {}, title),
    element('time', { datetime: arrived.received }, clock(arrived.received)),
    element('span', { class: 'what' }, what),
    element('span', { class: `verdict ${isFine ? 'good' : 'bad'}` }, [
      arrived.repeats && arrived.bytes > 0
        && element('span', { class: 'repeat', title: `Same body as #${arrived.repeats}` }, '↻ repeat'),
      `${isAccepted ? '✓ accepted' : `✕ ${arrived.event}`} · ${answer}`,
    ]),
  ]));
}

let isDue = false;
function draw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    drawList();
  });
}

function drawList() {
  const shown = [...requests.values()].filter(matches).reverse();
  const hadFocus = document.activeElement?.dataset?.number;
  $('rows').replaceChildren(...shown.map((request) => (request.row ??= rowOf(request))));
  mark();
  if (hadFocus) rowNode(hadFocus)?.focus({ preventScroll: true });
  $('missed').hidden = missed === 0;
  $('missed').textContent = `${missed} ${missed === 1 ? 'request is' : 'requests are'} not shown: `
    + `only the last ${kept.accepted} accepted and ${kept.refused} others are kept.`;
  $('empty').hidden = shown.length > 0;
  if (shown.length === 0) {
    $('empty').replaceChildren(...(requests.size > 0 ? nothingMatches() : nothingCame()));
  }
  offerStatuses();
}

const optionOf = (status) => new Option(escaped(status), status);
const rowNode = (number) => document.querySelector(`.row[data-number="${Number(number)}"]`);

function mark() {
  for (const row of document.querySelectorAll('.row[aria-current]')) row.removeAttribute('aria-current');
  if (selected !== null) rowNode(selected)?.setAttribute('aria-current', 'true');
}

function nothingMatches() {
  return [element('h2', {}, 'Nothing matches'), element('p', {}, 'Change the filters above.')];
}

function nothingCame() {
  const url = about.url ?? '';
  const commands = `trackingmore-webhook send ${url}\n`
    + `trackingmore-webhook send --status undelivered ${url}`;
  return [
    element('h2', {}, 'Waiting for the first delivery'),
    element('p', {}, ['Deliveries to ', element('code', {}, url), ' appear here as they arrive. Send one '
      + 'with the button above, or from a shell that has the same TRACKINGMORE_WEBHOOK_SECRET:']),
    pre(commands),
    element('p', {}, 'For real ones, point an HTTPS tunnel at this address, and enter the URL of the '
      + 'tunnel in the dashboard of TrackingMore.'),
  ];
}

function offerStatuses() {
  const seen = [...requests.values()].map(({ arrived }) => arrived.status).filter(Boolean);
  const all = [...new Set([...about.statuses, ...seen])];
  const select = $('status');
  if (select.options.length === all.length + 1) return;
  const chosen = select.value;
  select.replaceChildren(new Option('Any status', ''), ...all.map(optionOf));
  select.value = chosen;
}

function describe() {
  $('url').textContent = about.url;
  const select = $('send-status');
  if (select.options.length === 0) {
    select.replaceChildren(...about.statuses.map(optionOf));
    select.value = 'delivered';
  }
  if (selected === null) placeholder();
}

/* ---- One request ---- */

let asked = 0;
let showing = Promise.resolve();

function open(number, showsSignatures = false) {
  showing = show(number, showsSignatures);
}

async function show(number, showsSignatures) {
  const isOther = selected !== number;
  if (isOther) resend = null;
  selected = number;
  mark();
  rowNode(number)?.scrollIntoView({ block: 'nearest' });
  $('main').classList.add('open');
  const ask = ++asked;
  const response = await fetch(`requests/${number}${showsSignatures ? '?signatures=shown' : ''}`)
    .catch(() => null);
  if (ask !== asked) return;
  const detail = $('detail');
  if (!response?.ok) {
    const why = response?.status === 404 ? 'This request is no longer kept.' : 'The request cannot be read: is listen still running?';
    detail.replaceChildren(back(), element('p', { class: 'lead' }, why));
    return;
  }
  const request = await response.json();
  if (ask !== asked) return;
  detail.replaceChildren(...[back(), head(request), parcel(request), why(request), again(request),
    raw(request, showsSignatures)].filter(Boolean));
  if (isOther) detail.scrollTop = 0;
}

function close() {
  selected = null;
  resend = null;
  asked += 1;
  mark();
  $('main').classList.remove('open');
  placeholder();
}

function placeholder() {
  $('detail').replaceChildren(element('div', { class: 'empty' }, [
    element('h2', {}, 'Choose a request'),
    element('ul', { class: 'keys' }, [
      [['↑', '↓'], 'move through the list'], [['/'], 'filters it'], [['r'], 'sends the chosen request again'],
      [['Esc'], 'closes it'],
    ].map(([keys, what]) => element('li', {}, [keys.map((key) => element('kbd', {}, key)), what]))),
  ]));
}

const linkTo = (number) =>
  element('button', { class: 'link', type: 'button', click: () => open(number) }, `#${number}`);
const back = () => element('button', { class: 'back', type: 'button', click: close }, '← All requests');
const card = (title, ...children) =>
  element('section', { class: 'card', 'aria-label': title }, [element('h3', {}, title), ...children]);
const pre = (text) => fill(document.createElement('pre'), {}, texts(text, '\n\t'));
const pairs = (all) => element('dl', {}, all.filter(Boolean).map(([name, value]) =>
  [element('dt', {}, name), element('dd', {}, value)]));

function head({ arrived, answered, method, target }) {
  const isAccepted = arrived.event === 'accepted';
  const title = isAccepted ? arrived.parcel
    : arrived.event === 'refused' ? arrived.code : `${method} ${target}`;
  const meaning = arrived.substatus_meaning ?? arrived.status_meaning;
  return element('header', { class: 'head', 'data-of': arrived.number }, [
    element('h2', {}, title),
    isAccepted && element('p', { class: 'line' }, [
      element('b', { class: `tone-${look(arrived.status)[1]}` }, statusOf(arrived.status)),
      arrived.courier && element('span', {}, arrived.courier),
      meaning && element('span', {}, `${arrived.substatus ?? ''} ${meaning}`.trim()),
    ]),
    element('p', { class: 'line' }, [
      element('span', {}, `#${arrived.number}`),
      element('time', { datetime: arrived.received }, new Date(arrived.received).toLocaleString()),
      element('b', { class: isAccepted ? 'good' : 'bad' }, `${isAccepted ? '✓' : '✕'} ${arrived.event}`),
      element('span', {}, answered ? ['answered ', element('b', { class: isGood(answered.status) ? 'good' : 'bad' }, String(answered.status)),
        answered.from ? ` from ${answered.from}` : '', `, ${milliseconds(answered.latency_ms)}`] : 'not answered yet'),
      arrived.repeats && arrived.bytes > 0 && element('span', {}, ['same body as ', linkTo(arrived.repeats)]),
    ]),
    answered?.trouble && element('p', { class: 'bad' }, answered.trouble),
  ]);
}

function why({ arrived, why: found, headers }) {
  const seen = (name) => {
    const values = headers.filter((header) => header.name === name).map((header) => header.value);
    return [name, values.length ? values.join('  and  ') : 'not sent'];
  };
  const tried = ['tried', `${found.schemes.join(' form, ')} form, with ${found.secrets} secret${found.secrets === 1 ? '' : 's'}`];
  if (arrived.event === 'accepted') {
    const isTimestamp = arrived.scheme === 'timestamp';
    return card('Why it was accepted',
      element('p', { class: 'lead' }, `The signature of the ${arrived.scheme} is valid`),
      pairs([
        ['made with', `secret ${arrived.secret_index + 1} of ${found.secrets}`],
        arrived.age_seconds !== null && ['signed', `${age(arrived.age_seconds)}; up to ${about.max_age} is accepted`],
        arrived.claimed_age_seconds !== null && ['timestamp', `${age(arrived.claimed_age_seconds)}, not signed`],
        seen('timestamp'), seen('signature'),
      ]),
      isTimestamp && element('p', { class: 'note' }, 'The body is not authenticated: the signature covers the '
        + 'timestamp alone. Take webhooks over HTTPS only, and ask the API again before a decision that costs money.'));
  }
  if (arrived.event === 'unexpected') {
    return card('Why it was not accepted', element('p', { class: 'lead' }, 'The path or the method is not that of deliveries'),
      element('p', {}, ['Deliveries are received with POST at ', element('code', {}, about.url), '.']));
  }
  return card('Why it was refused',
    element('p', { class: 'lead' }, sentence(arrived.reason)),
    found.mistakes.map(({ code, detail, advice }) => element('div', { class: 'mistake' }, [
      element('code', {}, code), element('p', {}, element('b', {}, sentence(detail))),
      advice && element('p', { class: 'advice' }, advice),
    ])),
    found.mistakes.length === 0 && found.advice && element('div', { class: 'mistake' }, element('p', {}, found.advice)),
    pairs([seen('signature'), seen('timestamp'),
      arrived.age_seconds !== null && ['age', age(arrived.age_seconds)], tried]));
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function parcel({ parcel: found }) {
  if (!found) return null;
  return card('Parcel', news(found.update), timeline(found.timeline),
    element('ol', { class: 'history', 'aria-label': 'History, oldest first' }, found.timeline.marks.map((own) =>
      element('li', {}, [
        element('time', {}, own.time?.replace('T', ' ') ?? 'no time'),
        element('div', {}, [
          element('div', {}, [statusOf(own.status), own.meaning ? `: ${own.meaning}` : '',
            own.is_new && element('span', { class: 'tag' }, 'new')]),
          own.detail && element('div', {}, own.detail),
          element('div', { class: 'where' }, [own.place, found.timeline.lanes.length > 1
            && ` · ${found.timeline.lanes[own.lane].name}`]),
        ]),
      ]))),
    found.unknown.length > 0 && [element('h4', {}, 'Members that the model does not know'),
      pairs(found.unknown.map(([name, value]) => [name, plain(value)]))],
    element('details', {}, [element('summary', {}, `What your handler sees: ${found.fields.length} fields that are set`),
      pairs(found.fields.map(([name, value]) => [name, plain(value)]))]));
}

const plain = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

function news(update) {
  if (update.against === null) {
    return element('p', { class: 'lead' }, 'The first delivery of this parcel: everything is new');
  }
  const parts = [
    update.to && `status ${update.from ?? 'unknown'} → ${update.to}`,
    update.new > 0 && `${update.new} new ${update.new === 1 ? 'checkpoint' : 'checkpoints'}`,
    update.backfilled > 0 && `${update.backfilled} filled in later`,
  ].filter(Boolean);
  const what = parts.length ? `New: ${parts.join(', ')}`
    : update.is_news ? 'Only details are new' : 'Nothing is new';
  const late = update.is_older && '. This delivery is older than that: it came late';
  return [element('p', { class: 'lead' }, what),
    element('p', { class: 'soft' }, ['compared with what was known after ', linkTo(update.against), late])];
}

function timeline({ lanes, marks, gaps }) {
  if (marks.length === 0) return element('p', { class: 'soft' }, 'No checkpoints yet.');
  const LANE = 52;
  const y = (lane) => 34 + lane * LANE;
  // A mark needs room for its radius at both ends.
  const x = (percent) => `${(4 + percent * 0.92).toFixed(2)}%`;
  const words = `Timeline with ${marks.length} checkpoints. The list that follows has the same.`;
  const parts = lanes.flatMap((lane, at) => [
    drawn('line', { class: 'lane', x1: '0%', x2: '100%', y1: y(at), y2: y(at) }),
    drawn('text', { x: '0%', y: y(at) - 17 }, [lane.name, lane.courier ? ` · ${lane.courier}` : '']),
  ]);
  marks.slice(1).forEach((own, at) => {
    const before = marks[at];
    const gap = gaps.find((gap) => gap.from === before.x && gap.to === own.x);
    parts.push(drawn('line', { class: gap ? 'gap' : 'way', x1: x(before.x), x2: x(own.x), y1: y(before.lane), y2: y(own.lane) }));
    if (gap) {
      const middle = (before.x + own.x) / 2;
      parts.push(drawn('text', { class: 'days', x: x(middle), y: (y(before.lane) + y(own.lane)) / 2 + 20 }, `${gap.days} days`));
    }
  });
  for (const own of marks) {
    const [glyph, tone] = look(own.status);
    const name = [own.time, own.status ?? 'no status', own.detail].filter(Boolean).join(', ');
    parts.push(drawn('svg', { x: x(own.x), y: y(own.lane), overflow: 'visible', class: `mark tone-${tone} ${own.is_new ? 'new' : ''}` }, [
      drawn('title', {}, name), drawn('circle', { r: 8.5 }), drawn('text', { y: 4 }, glyph),
    ]));
  }
  const drawing = drawn('svg', { class: 'timeline', role: 'img', 'aria-label': words, height: y(lanes.length - 1) + 28 }, parts);
  drawing.style.minWidth = `${marks.length * 22}px`;
  return element('div', { class: 'track' }, drawing);
}

/* ---- Raw ---- */

function raw({ arrived, headers, text, hex, sha256, method, target, lifetime }, showsSignatures) {
  const said = element('output', { class: 'soft' });
  const say = (what) => { said.textContent = what; };
  const copy = async (content) => {
    await navigator.clipboard.writeText(content).then(() => say('Copied.'), () => say('The browser does not allow copying.'));
  };
  const curl = async () => {
    const response = await fetch(`requests/${arrived.number}/curl`);
    const content = await response.text();
    if (response.ok) await copy(content);
    else say(content || 'This request is no longer kept.');
  };
  const isJson = text !== null && isValid(text);
  const body = element('div', {}, pre(text === null ? hex.replace(/(..)/g, '$1 ') : isJson ? pretty(text) : text));
  const turn = (event) => {
    const isExact = event.target.textContent === 'Show exact text';
    event.target.textContent = isExact ? 'Show indented' : 'Show exact text';
    body.replaceChildren(pre(isExact ? text : pretty(text)));
  };
  const isMasked = headers.some((header) => header.masked);
  return card('Raw',
    element('p', {}, element('code', {}, `${method} ${target}`)),
    pairs(headers.map(({ name, value }) => [name, element('code', {}, value)])),
    (isMasked || showsSignatures) && element('div', { class: 'actions' }, [
      element('button', { type: 'button', click: () => open(arrived.number, !showsSignatures) },
        showsSignatures ? 'Mask signatures' : 'Show signatures')]),
    element('h4', {}, 'Body'),
    pairs([['size', `${arrived.bytes} bytes`], ['SHA-256', element('code', {}, sha256)]]),
    body,
    element('div', { class: 'actions' }, [
      isJson && element('button', { type: 'button', click: turn }, 'Show exact text'),
      text !== null && element('button', { type: 'button', click: () => copy(text) }, 'Copy body'),
      element('button', { type: 'button', click: curl }, 'Copy as curl'),
      element('a', { class: 'button', href: `requests/${arrived.number}/delivery`, download: true }, 'Download .delivery'),
      element('a', { class: 'button', href: `requests/${arrived.number}/body`, download: true }, 'Download body'),
      said,
    ]),
    element('p', { class: 'soft after' }, `The command and the .delivery file contain the signature. ${lifetime}`));
}

function isValid(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

// Indents JSON, token by token: parsing would lose duplicate members and large numbers.
function pretty(json) {
  let depth = 0;
  const line = () => `\n${'  '.repeat(Math.min(depth, 100))}`;
  const tokens = json.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/gs) ?? [];
  return tokens.map((token, at) => {
    const [before, after] = [tokens[at - 1], tokens[at + 1]];
    switch (token) {
      case '{': case '[':
        depth += 1;
        return after === '}' || after === ']' ? token : token + line();
      case '}': case ']':
        depth -= 1;
        return before === '{' || before === '[' ? token : line() + token;
      case ',': return token + line();
      case ':': return ': ';
      default: return token;
    }
  }).join('');
}

/* ---- Again ---- */

let resend = null;

function again({ arrived, text, resent }) {
  if (!about.target) {
    resend = null;
    return card('Again', element('p', { class: 'soft' }, [
      'To send this again, start with ', element('code', {}, '--forward URL'), ' or ', element('code', {}, '--replay-to URL'), '.']));
  }
  const answers = element('ol', { class: 'answers', 'aria-label': 'Answers' }, resent.map(answerOf).reverse());
  const resign = element('input', { type: 'checkbox' });
  const editor = text === null ? null : element('textarea', { 'aria-label': 'Body to send', spellcheck: 'false' });
  let isEdited = false;
  if (editor) {
    editor.value = text;
    editor.addEventListener('input', () => { isEdited = true; });
  }
  const send = async () => {
    const asked = { resign: resign.checked, body: isEdited ? editor.value : null };
    const result = await post(`requests/${arrived.number}/replay`, asked);
    // If the request was drawn again meanwhile, it may lack this answer.
    if (!answers.isConnected) return selected === arrived.number && open(arrived.number);
    answers.prepend(result.error ? element('li', { class: 'bad' }, result.error) : answerOf(result));
  };
  resend = send;
  return card('Again',
    element('div', { class: 'actions' }, [
      element('button', { class: 'main', type: 'button', click: send }, 'Send again'),
      element('label', { class: 'check' }, [resign, 'with a new signature']),
      element('span', { class: 'soft' }, `to ${about.target}`),
    ]),
    editor && element('details', {}, [element('summary', {}, 'Edit the body'), editor]),
    answers);
}

function answerOf({ at, how, bytes, status, error, words, latency_ms: latency }) {
  return element('li', {}, [
    element('time', { class: 'soft', datetime: at }, clock(at)), `  ${how}, ${bytes} bytes: `,
    element('b', { class: status && isGood(status) ? 'good' : 'bad' }, status ? String(status) : error),
    element('span', { class: 'soft' }, ` ${milliseconds(latency)}`),
    words && element('div', {}, element('code', {}, words)),
  ]);
}

async function post(path, body) {
  const failed = { error: 'It could not be sent: is listen still running?' };
  const response = await fetch(path, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  }).catch(() => null);
  if (!response) return failed;
  if (!response.ok) return { error: await response.text() || 'This request is no longer kept.' };
  return response.json();
}

$('send').addEventListener('submit', async (event) => {
  event.preventDefault();
  const result = await post('send', { status: $('send-status').value });
  const isFine = result.status && isGood(result.status);
  $('send-answer').className = isFine ? 'good' : 'bad';
  $('send-answer').textContent = isFine ? `✓ ${result.status}` : `✕ ${result.status ?? result.error}`;
});

/* ---- Keyboard and filters ---- */

function step(by) {
  const rows = [...document.querySelectorAll('.row')];
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => Number(row.dataset.number) === selected);
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  next.focus();
  open(Number(next.dataset.number));
}

// Waits for the request to be shown, as `resend` is that of the one that is.
async function sendSelected() {
  const number = selected;
  await showing;
  if (number === selected) resend?.();
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target.matches('textarea, select, input:not([type=checkbox])');
  if (event.key === 'Escape') {
    if (isTyping) event.target.blur();
    else close();
    return;
  }
  if (event.target === $('text') && event.key === 'ArrowDown') return (event.preventDefault(), step(1));
  if (isTyping) return;
  const keys = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    '/': () => $('text').focus(),
    r: sendSelected,
  };
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  }
});

for (const id of ['text', 'status', 'verdict']) $(id).addEventListener('input', draw);

placeholder();
connect();
