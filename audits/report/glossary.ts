/** The words of a report, for a reader who has never read a paper on it: two sentences each. */
export interface GlossaryTerm {
  readonly term: string;
  /** Other spellings under which a reader may look for it. */
  readonly also: readonly string[];
  readonly definition: string;
}

const define = (term: string, definition: string, also: readonly string[] = []): GlossaryTerm => ({
  term,
  also,
  definition,
});

/** In the order of the alphabet. */
export const glossary: readonly GlossaryTerm[] = [
  define(
    'account',
    'One identity at the service, with a bill and a history of its own. An attacker may hold several, which the report counts as one attacker.',
    ['sybil'],
  ),
  define(
    'adaptive attack',
    'An attack that was made for a given defense and knows how it works, though not its keys. A defense that has only met attacks which do not know it has not been tested.',
  ),
  define(
    'artifact',
    'A file that a cell left beside the database, such as a surrogate. It is named with its SHA-256, so that it can be found and checked later.',
  ),
  define(
    'attack',
    'A way to copy the encoder by asking it. It is played for real, on this machine, against the real encoder.',
  ),
  define(
    'audit',
    'One run of a battery against one encoder, with everything that was measured. It is stored whole and can be judged or printed again at any time.',
  ),
  define(
    'battery',
    'All the cells of an audit: attacks times defenses times numbers of queries and accounts times seeds. Pairs that make no sense stay in it, with the reason why they were not played.',
  ),
  define(
    'cell',
    'One attack through one defense with one number of queries and accounts, repeated with one seed. Every number of the report can be followed to the cells it was computed from.',
  ),
  define(
    'confidence interval',
    'The range in which the true value is expected to lie in 95 of 100 such audits, given the seeds and test images there were. A number without one is printed as such and decides nothing by itself.',
    ['interval', '95 % interval'],
  ),
  define(
    'defense',
    'What the service does to its answers, or to those who ask, so that copying costs more. It is judged by what the strongest attack still gets and by what honest users lose.',
  ),
  define(
    'downstream task',
    'Labelled images with which encoders are compared, standing for what customers use the embeddings for. The report gives each number for its own task and judges by the worst.',
    ['task'],
  ),
  define(
    'embedding',
    'The vector of numbers that the service returns for an image. Images that are alike have embeddings that are close.',
    ['representation'],
  ),
  define(
    'encoder',
    'The network that turns an image into an embedding. It is what the provider trained, sells access to and may lose.',
  ),
  define(
    'finding',
    'Something in the audit that a reader should act on, with a severity and, apart from it, a confidence. It is known again in later audits by its kind and its defense, whatever its numbers are.',
  ),
  define(
    'flag',
    'A warning that a number is weaker than it looks, printed beside the number. One that invalidates leaves nothing to be read from it.',
    ['validity warning'],
  ),
  define(
    'honest-user loss',
    'Accuracy that customers lose because the defense changes their embeddings, in points of accuracy. The report counts the worst task and the worst kind of customer that the policy asks about.',
  ),
  define(
    'independent encoder',
    'An encoder that is known not to come from the victim. Ownership tests compare a suspect with several of them, because any two good encoders are somewhat alike.',
  ),
  define(
    'kNN accuracy',
    'How often an image has the class that most of its nearest neighbors among the embeddings have. It needs no training and says whether neighborhoods survived.',
    ['kNN', 'nearest neighbors'],
  ),
  define(
    'mark',
    'What a watermark leaves in the replies of the service, and so in a copy trained on them. Only who has the key can look for it.',
    ['watermark'],
  ),
  define(
    'mark score',
    'How much of the mark an encoder carries: 1 as much as the replies themselves, 0 none. Copies and innocent encoders both scatter around their value, so a claim needs a test against independent encoders.',
    ['mark-score'],
  ),
  define(
    'no-victim baseline',
    'How good an encoder the attacker could have had without a single query, the best of several ways. Stolen gain is counted from there, since what was there before was not stolen.',
    ['A0', 'no-victim control'],
  ),
  define(
    'policy',
    'What the provider can live with: queries and accounts to expect, protection to reach, loss of honest users to allow. A verdict is the answer to a policy, and another policy may be answered from the same measurements.',
  ),
  define(
    'preset',
    'A battery that was written down once and never changes under its name and version. Two audits with the same preset can be compared.',
  ),
  define(
    'probe',
    'A linear classifier trained on frozen embeddings of a task. Its accuracy is the usual measure of what an encoder is worth.',
    ['linear probe', 'linear evaluation'],
  ),
  define(
    'protection',
    'The share of the worst stolen gain that a defense takes away: 1 leaves the attacker nothing, 0 changes nothing. It compares the strongest attack with the defense to the strongest without, so it can be negative.',
  ),
  define(
    'Q50, Q80, Q90',
    'Queries that the strongest attack needs for 50, 80 or 90 percent of the advantage of the encoder. A sign in front says that the level lies below the smallest or beyond the largest number of queries that was run.',
    ['Q90'],
  ),
  define('query', 'One image sent to the service and answered. The same image sent twice is two queries.'),
  define(
    'query budget',
    'How many queries an attacker may make, over all accounts together. Beyond it the audit refuses to answer.',
    ['budget'],
  ),
  define(
    'query pool',
    'Unlabelled images that the attacker holds and chooses queries from. How close they are to what the encoder was trained on decides much of the outcome, so the report says where they come from.',
    ['pool'],
  ),
  define(
    'raise factor',
    'How many times more queries a level of stolen gain takes with a defense than without. The attack with the smallest factor counts.',
  ),
  define(
    'recall@10',
    'Of the ten nearest neighbors that an image has among clean embeddings, the share that is found among defended ones. It is what search and recommendation built on the service would notice.',
    ['recall'],
  ),
  define(
    'seed',
    'The number from which all chance of a repetition is drawn. Several seeds show how much of a result is luck.',
  ),
  define(
    'severity and confidence',
    'Severity says how much harm a finding means, from critical to info. Confidence says how sure the audit is of it: certain, firm or tentative.',
    ['severity', 'confidence'],
  ),
  define(
    'stolen gain',
    'How much of what the encoder adds the copy has: the accuracy of the copy above the no-victim baseline, over the accuracy of the encoder above it. Zero is what the attacker had without asking, and 1 is the encoder itself.',
  ),
  define(
    'surrogate',
    'The network that the attacker trains on the replies; the copy. It need not have the shape of the encoder, and usually has not.',
    ['copy', 'stolen encoder'],
  ),
  define(
    'suspect',
    'An encoder that may be a copy of the victim. An ownership test says how sure one can be, and how often it would accuse an innocent one.',
  ),
  define(
    'verdict',
    'The answer to the policy for one defense: pass, fail, inconclusive or not measured. A pass means that the attacks which were played failed at this budget, and nothing more.',
  ),
  define(
    'victim',
    'The encoder under audit. It is asked only through the defense, as a customer would ask it.',
  ),
];
