// The live page: takes what the server tells (src/dashboard/web/message.rs) and draws it. It asks for
// nothing else and sends nothing.
'use strict';

const $ = (id) => document.getElementById(id);
const COLOURS = ['--a', '--b', '--c', '--d', '--e', '--f', '--g', '--h'];

/** What never changes during a run: names, stages, scales. */
let frame = null;
let points = [];
let readings = new Map();
let now = null;
let end = null;
let lost = false;
/** The place of what is drawn: 0 is all requests. */
let chosen = 0;
/** Charts by their names. */
const charts = new Map();

// ---- numbers as people read them -------------------------------------------------------------

const trim = (number, digits) => String(Number(number.toPrecision(digits)));

function time(us) {
  if (us == null) return '-';
  if (us === 0) return '0';
  if (us < 1) return trim(us * 1e3, 3) + ' ns';
  if (us < 1e3) return trim(us, 3) + ' µs';
  if (us < 1e6) return trim(us / 1e3, 3) + ' ms';
  return trim(us / 1e6, 3) + ' s';
}

function number(value) {
  if (value == null) return '-';
  const size = Math.abs(value);
  if (size >= 1e9) return trim(value / 1e9, 3) + 'G';
  if (size >= 1e6) return trim(value / 1e6, 3) + 'M';
  if (size >= 1e4) return trim(value / 1e3, 3) + 'k';
  return trim(value, size >= 1e3 ? 4 : 3);
}

/** `6.58 GB`, `12/s`, `0.3 s`. */
function inUnit(value, unit) {
  if (unit === 'ratio') return trim(100 * value, 3) + '%';
  if (unit.startsWith('B')) return number(value).replace(/[GMk]?$/, (prefix) => ` ${prefix}${unit}`);
  return number(value) + (unit && !unit.startsWith('/') ? ` ${unit}` : unit);
}

function length(seconds) {
  if (seconds < 60) return trim(seconds, 3) + 's';
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (part) => String(part).padStart(2, '0');
  if (h > 0) return m > 0 ? `${h}h ${two(m)}m` : `${h}h`;
  return s > 0 ? `${m}m ${two(s)}s` : `${m}m`;
}

// ---- elements: text from the server only ever becomes text -----------------------------------

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function fill(parent, children) {
  parent.replaceChildren(...children);
  return children.length > 0;
}

// ---- charts -----------------------------------------------------------------------------------

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Columns of a chart: the middles of points, then a list of values per line. */
function columns(lines) {
  const xs = points.map((point) => point.t + point.s / 2);
  return [xs, ...lines.map((line) => points.map((point) => line.value(point)))];
}

/** Dashed lines where stages begin and events happened. */
function marks(u) {
  const at = (frame ? frame.stages : []).slice(1).map(([start]) => [start, '--faint']);
  for (const event of now ? now.events : []) at.push([event.at_s, event.ok ? '--d' : '--c']);
  const { ctx, bbox } = u;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const [second, name] of at) {
    const x = Math.round(u.valToPos(second, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = colour(name);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

function heat(u) {
  const [first, perDecade] = frame.heat;
  const edge = (row) => first * 10 ** (row / perDecade);
  let most = 0;
  for (const point of points) {
    const rows = point.y[chosen] ? point.y[chosen][3] : [];
    for (let i = 1; i < rows.length; i += 2) most = Math.max(most, rows[i] / point.s);
  }
  const { ctx, bbox } = u;
  const rgb = colour('--heat');
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const point of points) {
    const rows = point.y[chosen] ? point.y[chosen][3] : [];
    const left = Math.round(u.valToPos(point.t, 'x', true));
    const right = Math.round(u.valToPos(point.t + point.s, 'x', true));
    for (let i = 0; i < rows.length; i += 2) {
      const top = Math.round(u.valToPos(edge(rows[i]), 'y', true));
      const bottom = Math.round(u.valToPos(edge(rows[i] - 1), 'y', true));
      const share = Math.log(1 + rows[i + 1] / point.s) / Math.log(1 + most);
      ctx.fillStyle = `rgba(${rgb},${(0.12 + 0.88 * share).toFixed(2)})`;
      ctx.fillRect(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
    }
  }
  ctx.restore();
}

/** The least and the greatest time that the heatmap shows, by the edges of its rows. */
function heatRange() {
  const [first, perDecade] = frame.heat;
  let [least, greatest] = [Infinity, -Infinity];
  for (const point of points) {
    const rows = point.y[chosen] ? point.y[chosen][3] : [];
    for (let i = 0; i < rows.length; i += 2) {
      least = Math.min(least, rows[i] - 1);
      greatest = Math.max(greatest, rows[i]);
    }
  }
  if (!(least < greatest)) return [1e3, 1e4];
  return [first * 10 ** (least / perDecade), first * 10 ** (Math.max(greatest, least + 2) / perDecade)];
}

/** 1, 2 and 5 of each power of ten, or fewer where they would crowd. */
function decades(u, axis, least, greatest) {
  const steps = greatest / least > 300 ? [1] : [1, 2, 5];
  const found = [];
  for (let power = Math.floor(Math.log10(least)); 10 ** power <= greatest; power += 1) {
    found.push(...steps.map((step) => step * 10 ** power));
  }
  return found.filter((value) => value >= least && value <= greatest);
}

const rate = (point, count) => count / point.s;
const of = (point) => point.y[chosen] || [0, 0, null, []];

/** The charts: their lines by what they are named, and how values are written. */
function plans() {
  const latency = (place) => (point) => (of(point)[2] ? of(point)[2][place] : null);
  const list = [
    {
      name: 'latency', title: 'Response time', format: time,
      lines: [['p50', latency(0)], ['p95', latency(1)], ['p99', latency(2)]],
    },
    {
      name: 'throughput', title: 'Requests per second', format: number,
      lines: [
        ['ended', (point) => rate(point, of(point)[0])],
        ['dropped', (point) => rate(point, point.dropped), () => chosen === 0 && points.some((p) => p.dropped > 0)],
        ['failed', (point) => rate(point, of(point)[1]), () => points.some((p) => of(p)[1] > 0)],
      ],
    },
    { name: 'heat', title: 'How many took how long', format: time, lines: [], heat: true },
    {
      name: 'load', title: 'Load', format: number,
      lines: [
        ['users', (point) => point.users, () => frame.users],
        ['runs in flight', (point) => point.flight],
        ['queued', (point) => point.queued, () => points.some((p) => p.queued > 0)],
      ],
    },
  ];
  const classes = [...new Set(points.flatMap((point) => Object.keys(point.classes || {})))].sort();
  if (classes.length > 0) {
    list.push({
      name: 'classes', title: 'Errors per second', format: number,
      lines: classes.map((name) => [name, (point) => rate(point, (point.classes || {})[name] || 0)]),
    });
  }
  return list.map((plan) => ({
    ...plan,
    lines: plan.lines
      .map(([name, value, there], place) => ({ name, value, place: place % COLOURS.length, there }))
      .filter((line) => !line.there || line.there()),
  }));
}

function options(plan, width) {
  const faint = colour('--faint');
  const line = colour('--line');
  const axis = { stroke: faint, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
  const most = () => (now ? Math.max(now.elapsed_s, 10) : 10);
  return {
    width,
    height: plan.small ? 130 : 220,
    legend: { show: false },
    cursor: { sync: { key: 'run' }, drag: { x: false, y: false }, points: { show: plan.lines.length > 0 }, y: false },
    scales: {
      x: { time: false, range: () => [0, most()] },
      y: plan.heat
        ? { distr: 3, range: heatRange }
        : { range: (u, least, greatest) => (plan.free ? uPlot.rangeNum(least ?? 0, greatest ?? 1, 0.1, true) : [0, greatest > 0 ? greatest * 1.08 : 1]) },
    },
    axes: [
      { ...axis, values: (u, ticks) => ticks.map(length), size: 28, space: 70 },
      {
        ...axis,
        values: (u, ticks) => ticks.map(plan.format),
        size: 64,
        space: plan.small ? 26 : 34,
        ...(plan.heat ? { splits: decades, filter: (u, ticks) => ticks } : {}),
      },
    ],
    series: [
      {},
      ...(plan.heat
        ? [{ show: true, stroke: 'transparent', points: { show: false } }]
        : plan.lines.map((one) => ({
            stroke: colour(COLOURS[one.place]), width: 1.8, spanGaps: false,
            points: { show: points.length < 3 },
          }))),
    ],
    hooks: {
      drawAxes: plan.heat ? [heat] : [],
      draw: [marks],
      setCursor: [(u) => legend(plan.name, u.cursor.idx)],
    },
  };
}

/** What the lines of a chart are at a point: the one that is pointed at, or the last. */
function legend(name, index) {
  const chart = charts.get(name);
  if (!chart) return;
  const data = chart.plot.data;
  chart.keys.forEach((key, line) => {
    const values = data[line + 1];
    // Where nobody points, the last that there is.
    const value = index == null ? values.findLast((one) => one != null) : values[index];
    key.textContent = `${chart.plan.lines[line].name} ${value == null ? '-' : chart.plan.format(value)}`;
  });
}

/** The room for a chart in its figure. */
const inside = (figure) => Math.max(200, figure.clientWidth - 14);

function show(parent, plan, data) {
  const shape = JSON.stringify([plan.lines.map((line) => line.name), plan.title]);
  let chart = charts.get(plan.name);
  if (chart && chart.shape !== shape) {
    remove(plan.name);
    chart = null;
  }
  if (!chart) {
    const keys = plan.lines.map((line) => element('span', { className: `key k${line.place}` }));
    const figure = element('figure', {}, element('figcaption', {}, plan.title, ...keys));
    figure.dataset.name = plan.name;
    parent.append(figure);
    const plot = new uPlot(options(plan, inside(figure)), data, figure);
    chart = { plan, plot, figure, keys, shape };
    charts.set(plan.name, chart);
  } else {
    chart.plan.lines = plan.lines;
    if (chart.plot.width !== inside(chart.figure)) {
      chart.plot.setSize({ width: inside(chart.figure), height: chart.plot.height });
    }
    chart.plot.setData(data);
  }
  legend(plan.name, chart.plot.cursor.idx);
}

function remove(name) {
  const chart = charts.get(name);
  if (!chart) return;
  chart.plot.destroy();
  chart.figure.remove();
  charts.delete(name);
}

function drawCharts() {
  for (const plan of plans()) {
    const data = plan.heat ? [...columns([]), points.map(() => heatRange()[0])] : columns(plan.lines);
    show($('charts'), plan, data);
  }
  const small = document.querySelector('#observed .small');
  $('observed').hidden = readings.size === 0;
  for (const [key, one] of readings) {
    const plan = {
      name: `observed ${key}`, title: `${one.source} ${one.metric}`, small: true, free: true,
      format: (value) => inUnit(value, one.unit),
      lines: [{ name: '', place: 4 }],
    };
    show(small, plan, [one.points.map(([at]) => at), one.points.map(([, value]) => value)]);
  }
}

// ---- everything else --------------------------------------------------------------------------

function drawHead() {
  document.title = `${frame.name} · loadgen`;
  $('name').textContent = [frame.name, frame.load].filter(Boolean).join(' · ');
  const status = $('status');
  status.className = end ? end.outcome : lost ? 'lost' : '';
  if (end) status.textContent = `The run ended. ${end.verdict}`;
  else if (lost) status.textContent = 'Connection lost: this is what was known then';
  else if (now.elapsed_s === 0) status.textContent = 'starting';
  else status.textContent = now.share == null ? `running for ${now.position}` : now.position;
  $('bar').hidden = now.share == null;
  $('bar').firstElementChild.style.width = `${(now.share || 0) * 100}%`;
  fill($('facts'), now.so_far.map((text) => element('span', { textContent: text })));
  const tiles = now.lately.map((text) => {
    const place = text.lastIndexOf(': ');
    return place < 0 ? text : text.slice(place + 2);
  });
  const names = [`per second, last ${Math.min(5, Math.ceil(now.elapsed_s))}s`, 'p50', 'p95', 'p99', 'lately'];
  fill($('tiles'), tiles.map((text, place) => {
    const value = place === 0 ? text.replace('/s', '') : text.replace(/^p\d+ /, '');
    return element('div', {}, element('b', { textContent: value }), element('span', { textContent: names[place] }));
  }));
}

function drawLists() {
  const mark = (ok) => (ok == null ? ['?', ''] : ok ? ['✓', 'good'] : ['✗', 'bad']);
  $('thresholds').hidden = !fill(document.querySelector('#thresholds ul'), now.thresholds.map((one) => {
    const [sign, name] = mark(one.ok);
    return element('li', {},
      element('b', { textContent: sign, className: name }),
      element('code', { textContent: one.title }),
      element('span', { textContent: one.observed || 'not judged yet', className: one.ok === false ? 'bad' : '' }));
  }));
  $('tasks').hidden = !fill(document.querySelector('#tasks ul'), now.tasks.map(([name, figures]) =>
    element('li', {}, name, element('span', { textContent: figures.join(' · ') }))));
  $('errors').hidden = !fill(document.querySelector('#errors .list'), now.classes.flatMap((one) => [
    element('div', {}, element('b', { className: 'bad', textContent: `${one.count} ` }), one.name),
    ...one.samples.map((sample) => element('div', { className: 'sample', textContent: sample })),
  ]));
  const events = now.events.map((event) => element('li', {},
    element('b', { className: event.ok ? 'good' : 'bad', textContent: `${length(Math.round((event.at_s - frame.warmup_s) * 10) / 10)} ` }),
    event.name, element('span', { textContent: event.message })));
  const messages = now.messages.map((text) => element('li', { textContent: text }));
  $('events').hidden = !fill(document.querySelector('#events ul'), [...events, ...messages]);
}

function drawSteps() {
  const body = document.querySelector('#steps tbody');
  const rows = frame.series.map((name, place) => {
    const cells = now.rows[place] || ['0', '0', '0', '-', '-', '-', '-'];
    const button = element('button', { className: 'row', textContent: name });
    button.setAttribute('aria-pressed', String(place === chosen));
    const row = element('tr', { className: place === chosen ? 'chosen' : '' },
      element('td', {}, button),
      ...cells.map((text, column) => element('td', { textContent: text, className: column === 2 && now.failing[place] ? 'bad' : '' })));
    row.addEventListener('click', () => choose(place));
    return row;
  });
  const focused = [...body.querySelectorAll('button')].indexOf(document.activeElement);
  body.replaceChildren(...rows);
  if (focused >= 0) body.querySelectorAll('button')[focused].focus();
}

function choose(place) {
  chosen = place;
  $('pick').value = String(place);
  soon();
}

let waiting = false;
/** Draws when the browser is ready to, however many messages came. */
function soon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    if (!frame) return;
    drawHead();
    drawLists();
    drawSteps();
    drawCharts();
  });
}

function anew() {
  for (const name of [...charts.keys()]) remove(name);
  soon();
}

// ---- what the server tells ---------------------------------------------------------------------

function add(news) {
  const last = points.length > 0 ? points[points.length - 1].t : -1;
  points.push(...news.points.filter((point) => point.t > last));
  for (const one of news.readings) {
    const key = `${one.source} ${one.metric}`;
    const known = readings.get(key) || { ...one, points: [] };
    const latest = known.points.length > 0 ? known.points[known.points.length - 1][0] : -1;
    known.points.push(...one.points.filter(([at]) => at > latest));
    readings.set(key, known);
  }
  now = news.now;
  lost = false;
  soon();
}

const source = new EventSource('/events');
source.addEventListener('whole', (event) => {
  const whole = JSON.parse(event.data);
  const fresh = !frame || frame.series.length !== whole.series.length;
  frame = whole;
  points = [];
  readings = new Map();
  if (fresh) {
    fill($('pick'), whole.series.map((name, place) => element('option', { value: String(place), textContent: name })));
    if (chosen >= whole.series.length) chosen = 0;
  }
  add(whole);
});
source.addEventListener('news', (event) => {
  if (frame) add(JSON.parse(event.data));
});
source.addEventListener('end', (event) => {
  end = JSON.parse(event.data);
  // The server goes; what is here stays.
  source.close();
  soon();
});
source.addEventListener('error', () => {
  lost = !end;
  if (frame) soon();
  else $('status').textContent = 'No connection';
});

$('pick').addEventListener('change', (event) => choose(Number(event.target.value)));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', anew);
let width = innerWidth;
addEventListener('resize', () => {
  if (innerWidth !== width) anew();
  width = innerWidth;
});
