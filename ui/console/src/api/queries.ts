/** Every GraphQL document that the console sends. */

const column = "source dataset columns";
const pair = "tail head tailText headText score note role tailProperties headProperties";
const linkRef = `id name kind state tail { ${column} } head { ${column} } through { ${column} }`;
const judgement = `id subject verdict by at note correction undone blind disputed linkType { ${linkRef} }`;
const estimate = "value low high basis";
const linkHead = `${linkRef} probability baseline declared transform condition cardinality estimatedEdges edges mergedPairs reasons threshold model
  audit precision { ${estimate} } recall { ${estimate} } recallNote`;
const linkFull = `${linkHead} features examples { ${pair} } counterExamples { ${pair} }`;
const judgeResult = `judgement { ${judgement} } opinion { agrees by verdict } linkType { id name state edges } moved { id name before after } edgesChanged merged
  pairsMoved { above below likelier lessLikely } proposed { ${linkRef} }`;
const build = "id state sources started finished progress { stage item done total message } error counts failures";
const dataset = `name kind type records failures key comment
  columns { name type nullable comment } references { columns dataset targetColumns }`;
const source = `name kind options rank removalLimit created records failures lastBuild { id state finished error }`;
const vertexRef = "id label name";
const vertex = `${vertexRef} properties sources edgeCount`;
const evidence = "extractor confidence column page boxes quote reason";
const edge = `id label score tail { ${vertexRef} } head { ${vertexRef} }`;
const edgeFull = `${edge} properties
  origins { uid source dataset record score linkType { id name } evidence { ${evidence} } }`;
const projection = "name position behind seconds state progress problem";
const token = "id name scopes created expires lastUsed";

export const HOME = `query Home {
  version
  statistics { vertices edges sources documents vertexLabels { label count } edgeLabels { label count } }
  reviewSummary { proposed confirmed rejected deferred answers edgesFromAnswers mergedFromAnswers }
  builds(limit: 5) { ${build} }
  sources { ${source} datasets { name } }
}`;

export const REVIEW_SUMMARY = `query ReviewSummary { reviewSummary { proposed confirmed rejected deferred answers edgesFromAnswers mergedFromAnswers } }`;

export const SOURCE_KINDS = `query SourceKinds { sourceKinds { kind title schema secrets } }`;
export const SOURCES = `query Sources { sources { ${source} datasets { name } } }`;
export const SOURCE = `query Source($name: String!) { source(name: $name) { ${source} datasets { ${dataset} } } sourceKinds { kind title schema secrets } }`;
export const PREVIEW = `query Preview($source: String!, $dataset: String!, $limit: Int) {
  previewDataset(source: $source, dataset: $dataset, limit: $limit) { columns rows }
}`;
export const FAILURES = `query Failures($build: Int, $source: String, $limit: Int) {
  failures(build: $build, source: $source, limit: $limit) { source dataset record code message remedy build }
}`;
export const TEST_SOURCE = `mutation TestSource($input: SourceInput!) {
  testSource(input: $input) { server datasets seconds warnings found { name kind records comment columns { name type nullable comment } } }
}`;
export const ADD_SOURCE = `mutation AddSource($input: SourceInput!) { addSource(input: $input) { name } }`;
export const UPDATE_SOURCE = `mutation UpdateSource($name: String!, $input: SourceInput!) { updateSource(name: $name, input: $input) { name } }`;
export const REMOVE_SOURCE = `mutation RemoveSource($name: String!) { removeSource(name: $name) }`;

export const BUILDS = `query Builds($limit: Int) { builds(limit: $limit) { ${build} } sources { name } }`;
export const BUILD = `query Build($id: Int!) { build(id: $id) { ${build} } }`;
export const START_BUILD = `mutation StartBuild($sources: [String!], $allowRemoval: Boolean) {
  startBuild(sources: $sources, allowRemoval: $allowRemoval) { id }
}`;
export const CANCEL_BUILD = `mutation CancelBuild($id: Int!) { cancelBuild(id: $id) { id state } }`;
export const BUILD_PROGRESS = `subscription BuildProgress($id: Int!) { build(id: $id) { ${build} } }`;

export const REVIEW_QUEUE = `query ReviewQueue($blind: Boolean) {
  questions(blind: $blind) { id purpose blind said { ${judgement} } pair { ${pair} } linkType { ${linkFull} } }
  reviewSummary { proposed confirmed rejected deferred answers edgesFromAnswers mergedFromAnswers }
  judgements(limit: 20) { ${judgement} }
}`;
export const LINK_TYPES = `query LinkTypes($states: [LinkState!]) { linkTypes(states: $states) { ${linkHead} } }`;
export const LINK_TYPE = `query LinkType($id: ID!, $helpfulFirst: Boolean!, $blind: Boolean) {
  linkType(id: $id, blind: $blind) { ${linkFull} judgements { ${judgement} } }
  pairQuestions(linkType: $id, limit: 50, blind: $blind) @include(if: $helpfulFirst) { pair { ${pair} } }
  pairs(linkType: $id, limit: 50, blind: $blind) { ${pair} }
}`;
export const JUDGEMENTS = `query Judgements($limit: Int, $by: String) { judgements(limit: $limit, by: $by) { ${judgement} } }`;
export const JUDGE = `mutation Judge($linkType: ID!, $verdict: Verdict!, $correction: CorrectionInput, $note: String, $blind: Boolean) {
  judge(linkType: $linkType, verdict: $verdict, correction: $correction, note: $note, blind: $blind) { ${judgeResult} }
}`;
export const ADD_LINK_TYPE = `mutation AddLinkType($input: LinkTypeInput!, $note: String) {
  addLinkType(input: $input, note: $note) { ${judgeResult} }
}`;
export const JUDGE_PAIR = `mutation JudgePair($linkType: ID!, $tail: ID!, $head: ID!, $verdict: Verdict!, $note: String, $blind: Boolean) {
  judgePair(linkType: $linkType, tail: $tail, head: $head, verdict: $verdict, note: $note, blind: $blind) { ${judgeResult} }
}`;
export const UNDO = `mutation Undo($judgement: Int!) { undo(judgement: $judgement) { ${judgeResult} } }`;
export const ACCEPTING = `query Accepting {
  acceptRules { kind linkType probability audit by at }
  linkAudits { id name rounds drawn population checked right precision { ${estimate} } }
  auditResults { kind accepted checked right precision { ${estimate} } }
}`;
export const SET_ACCEPT_RULE = `mutation SetAcceptRule($kind: LinkKind, $probability: Float, $audit: Float, $linkType: ID) {
  setAcceptRule(kind: $kind, probability: $probability, audit: $audit, linkType: $linkType) { id name probability }
}`;
export const REVIEWERS = `query Reviewers {
  reviewers { reviewers { name answers confirmed rejected unsure undone newest } agreements { first second common agreeing kappa blind blindKappa } }
  replay { policy own undone policies { name reward error robust robustError matched answers } }
}`;
export const TEACH = `mutation Teach($positives: [PairInput!]!, $negatives: [PairInput!], $name: String, $blind: Boolean) {
  teach(positives: $positives, negatives: $negatives, name: $name, blind: $blind) { ${linkFull} }
}`;
export const COLUMNS = `query Columns { sources { name datasets { name columns { name type nullable comment } } } }`;

export const STATISTICS = `query Statistics {
  statistics { vertices edges sources documents vertexLabels { label count } edgeLabels { label count } patterns { tail label head count } }
}`;
export const SEARCH = `query Search($text: String!, $labels: [String!], $first: Int, $offset: Int) {
  search(text: $text, labels: $labels, first: $first, offset: $offset) { score snippet missing vertex { ${vertex} } }
}`;
export const VERTICES = `query Vertices($label: String, $first: Int, $after: String) {
  vertices(label: $label, first: $first, after: $after) { nodes { ${vertex} } endCursor hasNextPage totalCount }
}`;
export const VERTEX = `query Vertex($id: ID!) {
  vertex(id: $id) {
    ${vertex}
    edges(first: 100) { ${edgeFull} }
    origins { uid source dataset record type properties seen sameAs evidence defaultEvidence { ${evidence} } }
  }
}`;
export const NEIGHBOURHOOD = `query Neighbourhood($ids: [ID!]!, $depth: Int, $labels: [String!], $limit: Int) {
  neighbourhood(ids: $ids, depth: $depth, labels: $labels, limit: $limit) { truncated vertices { ${vertex} } edges { ${edge} } }
}`;
export const PATH = `query Path($from: ID!, $to: ID!) {
  path(from: $from, to: $to) { truncated vertices { ${vertex} } edges { ${edge} } }
}`;
export const DOCUMENT_PAGE = `query DocumentPage($id: ID!, $number: Int!) {
  documentPage(id: $id, number: $number) {
    id number pages width height text imageUrl fromOcr
    mentions { begin end text type normal confidence extractor boxes linked { ${vertexRef} } }
  }
}`;

export const TOKENS = `query Tokens { tokens { ${token} } }`;
export const CREATE_TOKEN = `mutation CreateToken($name: String!, $scopes: [String!]!, $expiresInDays: Int) {
  createToken(name: $name, scopes: $scopes, expiresInDays: $expiresInDays) { secret token { ${token} } }
}`;
export const REVOKE_TOKEN = `mutation RevokeToken($id: Int!) { revokeToken(id: $id) }`;
export const USERS = `query Users { users { name role created sources } sources { name } }`;
export const ADD_USER = `mutation AddUser($name: String!, $password: String!, $role: Role!, $sources: [String!]) { addUser(name: $name, password: $password, role: $role, sources: $sources) { name } }`;
export const SET_PASSWORD = `mutation SetPassword($name: String!, $password: String!) { setPassword(name: $name, password: $password) }`;
export const SET_SOURCES = `mutation SetSources($name: String!, $sources: [String!]) { setSources(name: $name, sources: $sources) { name } }`;
export const REMOVE_USER = `mutation RemoveUser($name: String!) { removeUser(name: $name) }`;
export const PROJECTIONS = `query Projections { projections { ${projection} } }`;
export const REBUILD_PROJECTION = `mutation RebuildProjection($name: String!) { rebuildProjection(name: $name) { ${projection} } }`;
export const SETTINGS = `query Settings { settings version }`;
