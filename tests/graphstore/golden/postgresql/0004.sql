CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.build (
    id integer NOT NULL,
    state text NOT NULL,
    sources text NOT NULL,
    started text,
    finished text,
    progress text NOT NULL,
    error text,
    counts text NOT NULL
);
CREATE TABLE public.change (
    seq bigint NOT NULL,
    op smallint NOT NULL,
    element smallint NOT NULL,
    ref bigint NOT NULL,
    uid text
);
COMMENT ON COLUMN public.change.op IS '0 put, 1 remove';
COMMENT ON COLUMN public.change.element IS '0 vertex, 1 edge';
COMMENT ON COLUMN public.change.ref IS 'vertex.id or edge.id';
COMMENT ON COLUMN public.change.uid IS 'of a removed element';
CREATE TABLE public.change_time (
    seq bigint NOT NULL,
    at double precision NOT NULL
);
COMMENT ON COLUMN public.change_time.seq IS 'change.seq';
COMMENT ON COLUMN public.change_time.at IS 'when it was made, seconds since 1970';
CREATE TABLE public.counter (
    name text NOT NULL,
    value bigint NOT NULL
);
COMMENT ON COLUMN public.counter.value IS 'the last id given out; ids are never used again';
CREATE TABLE public.dangling (
    uid text NOT NULL,
    link bigint NOT NULL,
    "end" smallint NOT NULL
);
COMMENT ON COLUMN public.dangling.uid IS 'the fragment that the link waits for';
COMMENT ON COLUMN public.dangling."end" IS '0 tail, 1 head';
CREATE TABLE public.dataset (
    id integer NOT NULL,
    source integer NOT NULL,
    name text NOT NULL,
    info text NOT NULL,
    type text NOT NULL,
    last_build integer
);
COMMENT ON COLUMN public.dataset.source IS 'source.id';
COMMENT ON COLUMN public.dataset.info IS 'bifrost.values.DatasetInfo as JSON';
COMMENT ON COLUMN public.dataset.type IS 'vertex type of its records';
CREATE TABLE public.document (
    record bigint NOT NULL,
    fragment bigint NOT NULL,
    media_type text NOT NULL,
    reader text NOT NULL,
    properties text NOT NULL
);
COMMENT ON COLUMN public.document.fragment IS 'the fragment that stands for the document';
CREATE TABLE public.edge (
    id bigint NOT NULL,
    uid text NOT NULL,
    label integer NOT NULL,
    tail bigint NOT NULL,
    head bigint NOT NULL,
    properties text NOT NULL,
    score double precision DEFAULT '1'::double precision NOT NULL
);
COMMENT ON COLUMN public.edge.tail IS 'vertex.id';
COMMENT ON COLUMN public.edge.head IS 'vertex.id';
CREATE TABLE public.edit (
    id integer NOT NULL,
    element text NOT NULL,
    subject text NOT NULL,
    action text NOT NULL,
    data text NOT NULL,
    by text NOT NULL,
    at text NOT NULL,
    undone_by text,
    undone_at text
);
COMMENT ON COLUMN public.edit.element IS 'vertex or edge';
COMMENT ON COLUMN public.edit.subject IS 'uid of the vertex or edge';
COMMENT ON COLUMN public.edit.action IS 'add, update or delete';
CREATE TABLE public.evidence (
    id integer NOT NULL,
    dataset integer NOT NULL,
    data text NOT NULL
);
CREATE TABLE public.failure (
    id integer NOT NULL,
    source text NOT NULL,
    dataset text NOT NULL,
    record text NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    remedy text NOT NULL,
    build integer NOT NULL
);
CREATE TABLE public.fragment (
    id bigint NOT NULL,
    uid text NOT NULL,
    record bigint NOT NULL,
    dataset integer NOT NULL,
    type integer NOT NULL,
    properties text NOT NULL,
    evidence text,
    canonical bigint NOT NULL
);
COMMENT ON COLUMN public.fragment.record IS 'record.id';
COMMENT ON COLUMN public.fragment.dataset IS 'dataset.id';
COMMENT ON COLUMN public.fragment.type IS 'label.id';
COMMENT ON COLUMN public.fragment.evidence IS 'null: bifrost.values.Evidence(); #<id>: the evidence table; else JSON';
COMMENT ON COLUMN public.fragment.canonical IS 'vertex.id: the fragment that names the merged vertex';
CREATE TABLE public.hidden_link (
    uid text NOT NULL
);
CREATE TABLE public.judgement (
    id integer NOT NULL,
    subject text NOT NULL,
    link_type text NOT NULL,
    target text,
    verdict text NOT NULL,
    by text NOT NULL,
    at text NOT NULL,
    correction text,
    note text NOT NULL,
    features text NOT NULL,
    corrected text,
    undone_by text,
    undone_at text,
    second_opinion smallint DEFAULT '0'::smallint NOT NULL
);
COMMENT ON COLUMN public.judgement.link_type IS 'link_type.id of the subject';
COMMENT ON COLUMN public.judgement.target IS 'link_type.id that a correction of kind or columns made';
COMMENT ON COLUMN public.judgement.corrected IS 'the link type that the correction made';
COMMENT ON COLUMN public.judgement.second_opinion IS '1: asked as if nobody had answered';
CREATE TABLE public.label (
    id integer NOT NULL,
    element smallint NOT NULL,
    name text NOT NULL
);
COMMENT ON COLUMN public.label.element IS '0 vertex, 1 edge, 2 property key';
CREATE SEQUENCE public.label_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.label_id_seq OWNED BY public.label.id;
CREATE TABLE public.link (
    id bigint NOT NULL,
    uid text NOT NULL,
    record bigint,
    link_type integer,
    type integer NOT NULL,
    tail bigint,
    head bigint,
    properties text NOT NULL,
    evidence text,
    score double precision NOT NULL,
    pin smallint NOT NULL,
    given smallint NOT NULL,
    active smallint NOT NULL
);
COMMENT ON COLUMN public.link.record IS 'record.id; of a link type''s links only where a third record says so';
COMMENT ON COLUMN public.link.link_type IS 'link_type.number, null for links that a record states';
COMMENT ON COLUMN public.link.type IS 'label.id';
COMMENT ON COLUMN public.link.tail IS 'fragment.id, null while no such fragment exists';
COMMENT ON COLUMN public.link.head IS 'fragment.id, null while no such fragment exists';
COMMENT ON COLUMN public.link.pin IS '1 confirmed, -1 rejected by a person, 0 nobody said';
COMMENT ON COLUMN public.link.given IS '0: only a person''s answer speaks for it';
COMMENT ON COLUMN public.link.active IS '1: served while both ends exist';
CREATE TABLE public.link_type (
    number integer NOT NULL,
    id text NOT NULL,
    state text NOT NULL,
    probability double precision NOT NULL,
    tail_source text NOT NULL,
    head_source text NOT NULL,
    proposed text,
    data text NOT NULL,
    version bigint NOT NULL
);
COMMENT ON COLUMN public.link_type.proposed IS 'as a model proposed it, null where only an answer made it';
COMMENT ON COLUMN public.link_type.data IS 'with all answers applied';
CREATE TABLE public.mention (
    record bigint NOT NULL,
    "position" integer NOT NULL,
    page integer NOT NULL,
    begin integer NOT NULL,
    "end" integer NOT NULL,
    text text NOT NULL,
    type text NOT NULL,
    normal text NOT NULL,
    confidence double precision NOT NULL,
    extractor text NOT NULL
);
CREATE TABLE public.page (
    record bigint NOT NULL,
    number integer NOT NULL,
    text text NOT NULL,
    width double precision NOT NULL,
    height double precision NOT NULL,
    from_ocr smallint NOT NULL,
    tables text NOT NULL,
    words bytea
);
COMMENT ON COLUMN public.page.words IS 'graphstore.documents.pack_words';
CREATE TABLE public.projection (
    name text NOT NULL,
    "position" bigint NOT NULL
);
CREATE TABLE public.record (
    id bigint NOT NULL,
    dataset integer NOT NULL,
    key text NOT NULL,
    digest bytea NOT NULL,
    build integer NOT NULL,
    first_build integer NOT NULL,
    changed_build integer NOT NULL,
    changed double precision NOT NULL,
    version bigint NOT NULL
);
COMMENT ON COLUMN public.record.dataset IS 'dataset.id';
COMMENT ON COLUMN public.record.build IS 'the last build that saw it';
COMMENT ON COLUMN public.record.changed_build IS 'the last build in which it changed';
COMMENT ON COLUMN public.record.changed IS 'when it changed, seconds since 1970';
COMMENT ON COLUMN public.record.version IS 'counter that grows with each write; scoped views follow it';
CREATE TABLE public.removed_record (
    version bigint NOT NULL,
    dataset integer NOT NULL,
    key text NOT NULL
);
CREATE TABLE public.same_pair (
    link_type integer NOT NULL,
    "left" bigint NOT NULL,
    "right" bigint NOT NULL,
    score double precision NOT NULL,
    evidence text NOT NULL,
    pin smallint NOT NULL,
    given smallint NOT NULL,
    active smallint NOT NULL
);
COMMENT ON COLUMN public.same_pair.link_type IS 'link_type.number';
COMMENT ON COLUMN public.same_pair."left" IS 'fragment.id';
COMMENT ON COLUMN public.same_pair."right" IS 'fragment.id';
COMMENT ON COLUMN public.same_pair.active IS '1: merges its two fragments';
CREATE TABLE public.source (
    id integer NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    options text NOT NULL,
    rank integer NOT NULL,
    removal_limit double precision NOT NULL,
    created text NOT NULL,
    secret bytea
);
COMMENT ON COLUMN public.source.secret IS 'encrypted by the caller';
CREATE TABLE public.uncommitted (
    edit integer NOT NULL,
    session text NOT NULL,
    owner text NOT NULL,
    at double precision NOT NULL
);
COMMENT ON COLUMN public.uncommitted.edit IS 'edit.id';
COMMENT ON COLUMN public.uncommitted.session IS 'a random name';
COMMENT ON COLUMN public.uncommitted.owner IS 'the process whose session it is';
COMMENT ON COLUMN public.uncommitted.at IS 'seconds since 1970';
CREATE TABLE public.vertex (
    id bigint NOT NULL,
    uid text NOT NULL,
    label integer NOT NULL,
    properties text NOT NULL,
    meta text
);
COMMENT ON COLUMN public.vertex.meta IS 'JSON, null where nobody set a meta-property';
CREATE TABLE public.vertex_value (
    key integer NOT NULL,
    hash bigint NOT NULL,
    vertex bigint NOT NULL
);
COMMENT ON COLUMN public.vertex_value.key IS 'label.id of the property key';
COMMENT ON COLUMN public.vertex_value.hash IS 'graphstore.values.value_hash of the value';
ALTER TABLE ONLY public.label ALTER COLUMN id SET DEFAULT nextval('public.label_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0004');
INSERT INTO public.change VALUES (1, 0, 0, 1, NULL);
INSERT INTO public.change VALUES (2, 0, 0, 2, NULL);
INSERT INTO public.change VALUES (3, 0, 0, 3, NULL);
INSERT INTO public.change VALUES (4, 0, 0, 4, NULL);
INSERT INTO public.change VALUES (5, 0, 0, 5, NULL);
INSERT INTO public.change VALUES (6, 0, 1, 1, NULL);
INSERT INTO public.change VALUES (7, 0, 1, 2, NULL);
INSERT INTO public.change VALUES (8, 0, 0, 6, NULL);
INSERT INTO public.change VALUES (9, 0, 0, 7, NULL);
INSERT INTO public.change VALUES (10, 1, 0, 6, 'crm/client/7');
INSERT INTO public.change VALUES (11, 0, 0, 4, NULL);
INSERT INTO public.change VALUES (12, 0, 1, 4, NULL);
INSERT INTO public.change VALUES (13, 0, 0, 5, NULL);
INSERT INTO public.change VALUES (14, 1, 1, 1, 'erp/order/0#OF>erp/customer/0');
INSERT INTO public.change_time VALUES (1, 1795437616.3578312);
INSERT INTO public.counter VALUES ('link_type', 2);
INSERT INTO public.counter VALUES ('judgement', 2);
INSERT INTO public.counter VALUES ('link', 4);
INSERT INTO public.counter VALUES ('source', 4);
INSERT INTO public.counter VALUES ('dataset', 6);
INSERT INTO public.counter VALUES ('record', 8);
INSERT INTO public.counter VALUES ('fragment', 8);
INSERT INTO public.counter VALUES ('label', 14);
INSERT INTO public.counter VALUES ('edit', 2);
INSERT INTO public.counter VALUES ('version', 20);
INSERT INTO public.counter VALUES ('change', 14);
INSERT INTO public.dangling VALUES ('erp/customer/2', 3, 1);
INSERT INTO public.dataset VALUES (1, 1, 'customer', '{"name":"customer","kind":"table","columns":[],"key":[],"unique":[],"references":[],"comment":"","estimated_records":null,"options":{}}', 'Customer', NULL);
INSERT INTO public.dataset VALUES (2, 1, 'order', '{"name":"order","kind":"table","columns":[],"key":[],"unique":[],"references":[],"comment":"","estimated_records":null,"options":{}}', 'Order', NULL);
INSERT INTO public.dataset VALUES (3, 2, 'client', '{"name":"client","kind":"table","columns":[],"key":[],"unique":[],"references":[],"comment":"","estimated_records":null,"options":{}}', 'Client', NULL);
INSERT INTO public.dataset VALUES (4, 3, 'docs', '{"name":"docs","kind":"table","columns":[],"key":[],"unique":[],"references":[],"comment":"","estimated_records":null,"options":{}}', 'Docs', NULL);
INSERT INTO public.dataset VALUES (5, 4, 'vertices', '{"name":"vertices","kind":"table","columns":[],"key":[],"unique":[],"references":[],"comment":"","estimated_records":null,"options":{}}', 'vertices', NULL);
INSERT INTO public.dataset VALUES (6, 4, 'edges', '{"name":"edges","kind":"table","columns":[],"key":[],"unique":[],"references":[],"comment":"","estimated_records":null,"options":{}}', 'edges', NULL);
INSERT INTO public.document VALUES (7, 7, 'text/plain', '', '{}');
INSERT INTO public.edge VALUES (2, 'erp/order/1#OF>erp/customer/1', 2, 2, 5, '{}', 1);
INSERT INTO public.edge VALUES (4, 'link/ed94efcc4904/files%2Fdocs%2Fa.txt/erp%2Forder%2F1', 13, 7, 2, '{}', 0.7);
INSERT INTO public.edit VALUES (1, 'vertex', 'erp/customer/1', 'update', '{"label":"Customer","set":{"name":["Right"]},"remove":[]}', 'bob', '2026-11-23T12:40:16.448208+00:00', NULL, NULL);
INSERT INTO public.edit VALUES (2, 'edge', 'erp/order/0#OF>erp/customer/0', 'delete', '{}', 'bob', '2026-11-23T12:40:16.475324+00:00', NULL, NULL);
INSERT INTO public.fragment VALUES (1, 'erp/order/0', 1, 2, 1, '{"n":[0]}', NULL, 1);
INSERT INTO public.fragment VALUES (2, 'erp/order/1', 2, 2, 1, '{"n":[1]}', NULL, 2);
INSERT INTO public.fragment VALUES (3, 'erp/order/2', 3, 2, 1, '{"n":[2]}', NULL, 3);
INSERT INTO public.fragment VALUES (4, 'erp/customer/0', 4, 1, 4, '{"name":["Ann"],"since":[{"@date":"2020-02-29"}],"limit":[{"@decimal":"1.50"}],"tags":["a","b"]}', NULL, 4);
INSERT INTO public.fragment VALUES (5, 'erp/customer/1', 5, 1, 4, '{"name":["Ann"],"since":[{"@date":"2020-02-29"}],"limit":[{"@decimal":"1.50"}],"tags":["a","b"]}', NULL, 5);
INSERT INTO public.fragment VALUES (7, 'files/docs/a.txt', 7, 4, 10, '{"title":["A"]}', NULL, 7);
INSERT INTO public.fragment VALUES (6, 'crm/client/7', 6, 3, 9, '{"name":["ann"]}', '{"default":{"confidence":0.8,"column":"Name"}}', 4);
INSERT INTO public.fragment VALUES (8, 'erp/customer/1', 8, 5, 14, '{"name":["Right"]}', '{"default":{"extractor":"edit.change","quote":"by bob"},"by":{"name":{"extractor":"edit.set"}}}', 5);
INSERT INTO public.hidden_link VALUES ('erp/order/0#OF>erp/customer/0');
INSERT INTO public.judgement VALUES (1, 'afafbc1fa218', 'afafbc1fa218', NULL, 'confirm', 'ann', '2026-11-23T12:40:16.400297+00:00', NULL, '', '{}', NULL, NULL, NULL, 0);
INSERT INTO public.judgement VALUES (2, 'ed94efcc4904', 'ed94efcc4904', NULL, 'confirm', 'ann', '2026-11-23T12:40:16.410164+00:00', '{"name":"NAMES","flip":false,"kind":null,"tail":null,"head":null,"transform":null,"condition":null,"threshold":null}', '', '{}', NULL, NULL, NULL, 0);
INSERT INTO public.label VALUES (1, 0, 'Order');
INSERT INTO public.label VALUES (2, 1, 'OF');
INSERT INTO public.label VALUES (3, 2, 'n');
INSERT INTO public.label VALUES (4, 0, 'Customer');
INSERT INTO public.label VALUES (5, 2, 'name');
INSERT INTO public.label VALUES (6, 2, 'since');
INSERT INTO public.label VALUES (7, 2, 'limit');
INSERT INTO public.label VALUES (8, 2, 'tags');
INSERT INTO public.label VALUES (9, 0, 'Client');
INSERT INTO public.label VALUES (10, 0, 'Document');
INSERT INTO public.label VALUES (11, 2, 'title');
INSERT INTO public.label VALUES (12, 1, 'LINK');
INSERT INTO public.label VALUES (13, 1, 'NAMES');
INSERT INTO public.label VALUES (14, 0, '');
INSERT INTO public.link VALUES (3, 'erp/order/2#OF>erp/customer/2', 3, NULL, 2, 3, NULL, '{}', NULL, 1, 0, 1, 1);
INSERT INTO public.link VALUES (2, 'erp/order/1#OF>erp/customer/1', 2, NULL, 2, 2, 5, '{}', NULL, 1, 0, 1, 1);
INSERT INTO public.link VALUES (4, 'link/ed94efcc4904/files%2Fdocs%2Fa.txt/erp%2Forder%2F1', NULL, 2, 13, 7, 2, '{}', NULL, 0.7, 0, 1, 1);
INSERT INTO public.link VALUES (1, 'erp/order/0#OF>erp/customer/0', 1, NULL, 2, 1, 4, '{}', NULL, 1, 0, 1, 0);
INSERT INTO public.link_type VALUES (1, 'afafbc1fa218', 'confirmed', 0.9, 'crm', 'erp', '{"id":"afafbc1fa218","kind":"same_thing","tail":{"source":"crm","dataset":"client","columns":["name"]},"head":{"source":"erp","dataset":"customer","columns":["name"]},"name":"LINK","state":"proposed","probability":0.9,"baseline":0.0,"declared":false,"transform":{},"condition":"","cardinality":"","estimated_edges":0,"reasons":["98%"],"examples":[],"counter_examples":[],"features":{},"threshold":null,"model":"","through":null,"otherwise":null}', '{"id":"afafbc1fa218","kind":"same_thing","tail":{"source":"crm","dataset":"client","columns":["name"]},"head":{"source":"erp","dataset":"customer","columns":["name"]},"name":"LINK","state":"confirmed","probability":0.9,"baseline":0.0,"declared":false,"transform":{},"condition":"","cardinality":"","estimated_edges":0,"reasons":["98%"],"examples":[],"counter_examples":[],"features":{},"threshold":null,"model":"","through":null,"otherwise":null}', 16);
INSERT INTO public.link_type VALUES (2, 'ed94efcc4904', 'confirmed', 0, 'files', 'erp', '{"id":"ed94efcc4904","kind":"mention","tail":{"source":"files","dataset":"docs","columns":[]},"head":{"source":"erp","dataset":"order","columns":["n"]},"name":"MENTIONS","state":"proposed","probability":0.0,"baseline":0.0,"declared":false,"transform":{},"condition":"","cardinality":"","estimated_edges":0,"reasons":[],"examples":[],"counter_examples":[],"features":{},"threshold":null,"model":"","through":null,"otherwise":null}', '{"id":"ed94efcc4904","kind":"mention","tail":{"source":"files","dataset":"docs","columns":[]},"head":{"source":"erp","dataset":"order","columns":["n"]},"name":"NAMES","state":"confirmed","probability":0.0,"baseline":0.0,"declared":false,"transform":{},"condition":"","cardinality":"","estimated_edges":0,"reasons":[],"examples":[],"counter_examples":[],"features":{},"threshold":null,"model":"","through":null,"otherwise":null}', 17);
INSERT INTO public.mention VALUES (7, 0, 1, 6, 7, '1', 'ID', '1', 1, 'rule');
INSERT INTO public.page VALUES (7, 1, 'Order 1', 0, 0, 0, '[]', NULL);
INSERT INTO public.record VALUES (1, 2, '0', '\x97fd805c18518ed71afe6534e94e9b95', 1, 1, 1, 1795437616.3402307, 4);
INSERT INTO public.record VALUES (2, 2, '1', '\x50afdaed1fa46e25c8ad587e6f0018f2', 1, 1, 1, 1795437616.3402307, 4);
INSERT INTO public.record VALUES (3, 2, '2', '\x225ec5fdfb4f9b36c6bec61fac7c0a50', 1, 1, 1, 1795437616.3402307, 4);
INSERT INTO public.record VALUES (4, 1, '0', '\xa359dcb674ddb694c33e8164a80008c4', 1, 1, 1, 1795437616.3618357, 5);
INSERT INTO public.record VALUES (5, 1, '1', '\xd3714baef1844585d392c2943d0b671d', 1, 1, 1, 1795437616.3618357, 5);
INSERT INTO public.record VALUES (6, 3, '7', '\xa93ecd138ad2bc49cac602abb40db373', 1, 1, 1, 1795437616.3768966, 6);
INSERT INTO public.record VALUES (7, 4, 'a.txt', '\x31', 1, 1, 1, 1795437616.3831985, 7);
INSERT INTO public.record VALUES (8, 5, 'erp/customer/1', '\x75499173c1096468f43658ff4dd16a25', 0, 0, 0, 1795437616.455853, 19);
INSERT INTO public.same_pair VALUES (1, 6, 4, 0.9, '{}', 0, 1, 1);
INSERT INTO public.source VALUES (1, 'erp', 'table', '{}', 0, 0.3, '2026-11-23T12:40:16.314682+00:00', NULL);
INSERT INTO public.source VALUES (2, 'crm', 'table', '{}', 1, 0.3, '2026-11-23T12:40:16.323332+00:00', NULL);
INSERT INTO public.source VALUES (3, 'files', 'table', '{}', 0, 0.3, '2026-11-23T12:40:16.331680+00:00', NULL);
INSERT INTO public.source VALUES (4, 'edits', 'edits', '{}', -1000, 0.3, '2026-11-23T12:40:16.451521+00:00', NULL);
INSERT INTO public.vertex VALUES (1, 'erp/order/0', 1, '{"n":[0]}', NULL);
INSERT INTO public.vertex VALUES (2, 'erp/order/1', 1, '{"n":[1]}', NULL);
INSERT INTO public.vertex VALUES (3, 'erp/order/2', 1, '{"n":[2]}', NULL);
INSERT INTO public.vertex VALUES (7, 'files/docs/a.txt', 10, '{"title":["A"]}', NULL);
INSERT INTO public.vertex VALUES (4, 'erp/customer/0', 4, '{"limit":[{"@decimal":"1.50"}],"name":["Ann","ann"],"since":[{"@date":"2020-02-29"}],"tags":["a","b"]}', NULL);
INSERT INTO public.vertex VALUES (5, 'erp/customer/1', 4, '{"limit":[{"@decimal":"1.50"}],"name":["Right"],"since":[{"@date":"2020-02-29"}],"tags":["a","b"]}', NULL);
INSERT INTO public.vertex_value VALUES (3, -6231385896713180986, 1);
INSERT INTO public.vertex_value VALUES (3, -4509982747438411011, 2);
INSERT INTO public.vertex_value VALUES (3, 7972990249339049930, 3);
INSERT INTO public.vertex_value VALUES (5, -1203484631197294478, 4);
INSERT INTO public.vertex_value VALUES (8, -6564837394086784237, 4);
INSERT INTO public.vertex_value VALUES (7, -3070305450653690257, 4);
INSERT INTO public.vertex_value VALUES (6, 2259433734276718421, 4);
INSERT INTO public.vertex_value VALUES (8, 4049956733709876575, 4);
INSERT INTO public.vertex_value VALUES (7, -3070305450653690257, 5);
INSERT INTO public.vertex_value VALUES (6, 2259433734276718421, 5);
INSERT INTO public.vertex_value VALUES (8, 4049956733709876575, 5);
INSERT INTO public.vertex_value VALUES (8, -6564837394086784237, 5);
INSERT INTO public.vertex_value VALUES (11, 5309690716372788835, 7);
INSERT INTO public.vertex_value VALUES (5, 9191384072884373468, 4);
INSERT INTO public.vertex_value VALUES (5, -2624448417324649220, 5);
SELECT pg_catalog.setval('public.label_id_seq', 1, false);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.build
    ADD CONSTRAINT pk_build PRIMARY KEY (id);
ALTER TABLE ONLY public.change
    ADD CONSTRAINT pk_change PRIMARY KEY (seq);
ALTER TABLE ONLY public.change_time
    ADD CONSTRAINT pk_change_time PRIMARY KEY (seq);
ALTER TABLE ONLY public.counter
    ADD CONSTRAINT pk_counter PRIMARY KEY (name);
ALTER TABLE ONLY public.dangling
    ADD CONSTRAINT pk_dangling PRIMARY KEY (uid, link, "end");
ALTER TABLE ONLY public.dataset
    ADD CONSTRAINT pk_dataset PRIMARY KEY (id);
ALTER TABLE ONLY public.document
    ADD CONSTRAINT pk_document PRIMARY KEY (record);
ALTER TABLE ONLY public.edge
    ADD CONSTRAINT pk_edge PRIMARY KEY (id);
ALTER TABLE ONLY public.edit
    ADD CONSTRAINT pk_edit PRIMARY KEY (id);
ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT pk_evidence PRIMARY KEY (id);
ALTER TABLE ONLY public.failure
    ADD CONSTRAINT pk_failure PRIMARY KEY (id);
ALTER TABLE ONLY public.fragment
    ADD CONSTRAINT pk_fragment PRIMARY KEY (id);
ALTER TABLE ONLY public.hidden_link
    ADD CONSTRAINT pk_hidden_link PRIMARY KEY (uid);
ALTER TABLE ONLY public.judgement
    ADD CONSTRAINT pk_judgement PRIMARY KEY (id);
ALTER TABLE ONLY public.label
    ADD CONSTRAINT pk_label PRIMARY KEY (id);
ALTER TABLE ONLY public.link
    ADD CONSTRAINT pk_link PRIMARY KEY (id);
ALTER TABLE ONLY public.link_type
    ADD CONSTRAINT pk_link_type PRIMARY KEY (number);
ALTER TABLE ONLY public.mention
    ADD CONSTRAINT pk_mention PRIMARY KEY (record, "position");
ALTER TABLE ONLY public.page
    ADD CONSTRAINT pk_page PRIMARY KEY (record, number);
ALTER TABLE ONLY public.projection
    ADD CONSTRAINT pk_projection PRIMARY KEY (name);
ALTER TABLE ONLY public.record
    ADD CONSTRAINT pk_record PRIMARY KEY (id);
ALTER TABLE ONLY public.removed_record
    ADD CONSTRAINT pk_removed_record PRIMARY KEY (version, dataset, key);
ALTER TABLE ONLY public.same_pair
    ADD CONSTRAINT pk_same_pair PRIMARY KEY (link_type, "left", "right");
ALTER TABLE ONLY public.source
    ADD CONSTRAINT pk_source PRIMARY KEY (id);
ALTER TABLE ONLY public.uncommitted
    ADD CONSTRAINT pk_uncommitted PRIMARY KEY (edit);
ALTER TABLE ONLY public.vertex
    ADD CONSTRAINT pk_vertex PRIMARY KEY (id);
ALTER TABLE ONLY public.vertex_value
    ADD CONSTRAINT pk_vertex_value PRIMARY KEY (key, hash, vertex);
ALTER TABLE ONLY public.dataset
    ADD CONSTRAINT uq_dataset_source_name UNIQUE (source, name);
ALTER TABLE ONLY public.label
    ADD CONSTRAINT uq_label_element_name UNIQUE (element, name);
ALTER TABLE ONLY public.link_type
    ADD CONSTRAINT uq_link_type_id UNIQUE (id);
ALTER TABLE ONLY public.link
    ADD CONSTRAINT uq_link_uid UNIQUE (uid);
ALTER TABLE ONLY public.record
    ADD CONSTRAINT uq_record_dataset_key UNIQUE (dataset, key);
ALTER TABLE ONLY public.source
    ADD CONSTRAINT uq_source_name UNIQUE (name);
ALTER TABLE ONLY public.vertex
    ADD CONSTRAINT uq_vertex_uid UNIQUE (uid);
CREATE INDEX ix_dangling_link ON public.dangling USING btree (link);
CREATE INDEX ix_document_fragment ON public.document USING btree (fragment);
CREATE INDEX ix_edge_head_label_tail ON public.edge USING btree (head, label, tail);
CREATE INDEX ix_edge_label_id ON public.edge USING btree (label, id);
CREATE INDEX ix_edge_tail_label_head ON public.edge USING btree (tail, label, head);
CREATE INDEX ix_edit_subject ON public.edit USING btree (subject);
CREATE INDEX ix_evidence_dataset ON public.evidence USING btree (dataset);
CREATE INDEX ix_failure_build_source_dataset ON public.failure USING btree (build, source, dataset);
CREATE INDEX ix_failure_source_dataset ON public.failure USING btree (source, dataset);
CREATE INDEX ix_fragment_canonical ON public.fragment USING btree (canonical);
CREATE INDEX ix_fragment_dataset_id ON public.fragment USING btree (dataset, id);
CREATE INDEX ix_fragment_record ON public.fragment USING btree (record);
CREATE INDEX ix_fragment_uid ON public.fragment USING btree (uid);
CREATE INDEX ix_judgement_link_type ON public.judgement USING btree (link_type);
CREATE INDEX ix_judgement_subject ON public.judgement USING btree (subject);
CREATE INDEX ix_judgement_target ON public.judgement USING btree (target);
CREATE INDEX ix_link_head ON public.link USING btree (head);
CREATE INDEX ix_link_link_type ON public.link USING btree (link_type) WHERE (link_type IS NOT NULL);
CREATE INDEX ix_link_record ON public.link USING btree (record);
CREATE INDEX ix_link_tail ON public.link USING btree (tail);
CREATE INDEX ix_link_type_version ON public.link_type USING btree (version);
CREATE INDEX ix_record_version ON public.record USING btree (version);
CREATE INDEX ix_same_pair_left ON public.same_pair USING btree ("left");
CREATE INDEX ix_same_pair_right ON public.same_pair USING btree ("right");
CREATE INDEX ix_vertex_label_id ON public.vertex USING btree (label, id);
