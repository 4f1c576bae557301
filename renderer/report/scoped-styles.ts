import styles from './report.css?inline';

/**
 * The report's stylesheet in the app, where it must not reach anything but a report: the same text as in the exported file,
 * within a scope. A sheet that is constructed needs no exception in the page's policy, as a `style` element would.
 */
let sheet: CSSStyleSheet | undefined;
let holders = 0;

export function hold(): void {
  sheet ??= scoped();
  if (holders === 0) document.adoptedStyleSheets.push(sheet);
  holders += 1;
}

export function release(): void {
  holders -= 1;
  if (holders === 0)
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((adopted) => adopted !== sheet);
}

/** What the exported page says of its body, and of a window that is narrow, is said of the report's own frame here. */
const frame = `
:scope {
  position: relative;
  font: 400 var(--size-14) / 1.5 var(--text);
  color: var(--ink);
  container: report / inline-size;
}
.page {
  margin: 0;
}
.index {
  padding: 8px 16px 32px 0;
}
.chapters {
  padding: 0 0 32px 8px;
}
@container report (max-width: 820px) {
  .page {
    display: block;
  }
  .index {
    position: static;
    max-height: none;
    padding: 0 0 16px;
  }
  .index ol {
    columns: 2;
  }
  .chapters {
    padding: 0;
  }
  .answers {
    grid-template-columns: minmax(0, 1fr);
  }
}`;

function scoped(): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(`@scope (.report) {\n${styles}\n${frame}\n}`);
  return made;
}
