/**
 * What a script adds to a page that is complete without it: sorting, filtering, prices of one's own, tooltips. The exported file
 * carries this text and calls it on its body; the app calls it on the report it shows.
 *
 * @param {HTMLElement} root
 * @returns {() => void} takes back what outlives the page's own elements
 */
export default function enhance(root) {
  const numberIn = (cell) => {
    const text = (cell.querySelector('.value') ?? cell).textContent.trim();
    const match = text
      .replaceAll(/[\u202f\u00a0]/g, '')
      .replaceAll('\u2212', '-')
      .match(/-?\d+(\.\d+)?/);
    return match === null ? Number.NaN : Number(match[0]);
  };

  for (const table of root.querySelectorAll('table[data-sortable]')) {
    const body = table.tBodies[0];
    const original = [...body.rows];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'sort';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const order = button.dataset.order === 'up' ? 'down' : 'up';
        for (const other of table.tHead.querySelectorAll('button.sort')) {
          delete other.dataset.order;
          other.parentElement.removeAttribute('aria-sort');
        }
        button.dataset.order = order;
        head.setAttribute('aria-sort', order === 'up' ? 'ascending' : 'descending');
        const isFigure = head.classList.contains('figure');
        const sign = order === 'up' ? 1 : -1;
        const compare = (a, b) => {
          const [first, second] = [a.cells[column], b.cells[column]];
          if (first === undefined || second === undefined) return first === undefined ? 1 : -1;
          if (!isFigure) return sign * first.textContent.trim().localeCompare(second.textContent.trim());
          const [x, y] = [numberIn(first), numberIn(second)];
          // What has no number stays last, whichever way is asked.
          if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) ? (Number.isNaN(y) ? 0 : 1) : -1;
          return sign * (x - y);
        };
        body.append(...original.toSorted(compare));
      });
    });
  }

  const filterInput = (label, place, onInput) => {
    const controls = document.createElement('div');
    controls.className = 'controls';
    const name = document.createElement('label');
    const input = document.createElement('input');
    input.type = 'search';
    name.append(`${label} `, input);
    controls.append(name);
    place.before(controls);
    input.addEventListener('input', () => onInput(input.value.trim().toLowerCase()));
  };

  const matrices = [...root.querySelectorAll('table.matrix')];
  if (matrices.length > 0) {
    filterInput('Attacks that contain', matrices[0].closest('.scroll'), (wanted) => {
      for (const table of matrices) {
        const shown = [...table.tHead.rows[0].cells].map(
          (head, i) => i === 0 || head.textContent.toLowerCase().includes(wanted),
        );
        for (const row of table.rows) [...row.cells].forEach((cell, i) => (cell.hidden = !shown[i]));
        table.closest('.scroll').hidden = !shown.slice(1).includes(true);
      }
    });
    filterInput('Defenses that contain', matrices[0].closest('.scroll'), (wanted) => {
      for (const table of matrices)
        for (const row of table.tBodies[0].rows)
          row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
    });
  }

  const cells = root.querySelector('table[data-filter="cells"]');
  if (cells !== null)
    filterInput('Cells that contain', cells.closest('.scroll'), (wanted) => {
      for (const row of cells.tBodies[0].rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });

  const bills = root.querySelector('table[data-costs]');
  const prices = new Map();
  const spellDollars = (dollars) =>
    dollars >= 1000
      ? `$${Math.round(dollars)
          .toString()
          .replaceAll(/\B(?=(\d{3})+$)/g, '\u202f')}`
      : dollars === 0 || dollars >= 0.1
        ? `$${dollars.toFixed(2)}`
        : `$${Number(dollars.toPrecision(2))}`;
  const writeBills = () => {
    for (const row of bills.tBodies[0].rows) {
      const { rows, accounts, labels, hours, charged } = row.dataset;
      row.querySelector('[data-bill]').textContent = spellDollars(
        rows * prices.get('query') +
          accounts * prices.get('account') +
          labels * prices.get('label') +
          hours * prices.get('hour') +
          Number(charged),
      );
    }
  };
  if (bills !== null)
    for (const place of root.querySelectorAll('[data-price]')) {
      const input = document.createElement('input');
      input.type = 'number';
      input.min = '0';
      input.step = 'any';
      input.value = place.dataset.value;
      input.setAttribute('aria-label', `${place.dataset.name}, US dollars`);
      prices.set(place.dataset.price, Number(place.dataset.value));
      place.replaceChildren(input);
      input.addEventListener('input', () => {
        if (!(input.valueAsNumber >= 0)) return;
        prices.set(place.dataset.price, input.valueAsNumber);
        writeBills();
      });
    }

  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.hidden = true;
  tip.setAttribute('aria-hidden', 'true');
  root.append(tip);
  const show = (event) => {
    const target = event.target instanceof Element ? event.target.closest('[data-detail]') : null;
    tip.hidden = target === null;
    if (target === null) return;
    tip.textContent = target.dataset.detail;
    const box = target.getBoundingClientRect();
    const frame = root.getBoundingClientRect();
    // Through the style object: the page's policy forbids style attributes, not scripts of its own.
    tip.style.left = `${Math.max(8, Math.min(box.left - frame.left, frame.width - 340))}px`;
    tip.style.top = `${box.bottom - frame.top + 6}px`;
  };
  const ending = new AbortController();
  const { signal } = ending;
  root.addEventListener('mouseover', show, { signal });
  root.addEventListener('focusin', show, { signal });
  root.addEventListener(
    'keydown',
    (event) => {
      if (event.key === 'Escape') tip.hidden = true;
    },
    { signal },
  );
  return () => {
    ending.abort();
    tip.remove();
  };
}
