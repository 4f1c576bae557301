/** Sorting, filtering, prices of one's own and tooltips for a rendered report. @returns what ends it */
export default function enhance(root: HTMLElement): () => void;
