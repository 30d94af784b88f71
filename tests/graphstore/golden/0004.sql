BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE build (
	id INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	sources TEXT NOT NULL, 
	started TEXT, 
	finished TEXT, 
	progress TEXT NOT NULL, 
	error TEXT, 
	counts TEXT NOT NULL, 
	CONSTRAINT pk_build PRIMARY KEY (id)
);
CREATE TABLE change (
	seq INTEGER NOT NULL, 
	op SMALLINT NOT NULL, 
	element SMALLINT NOT NULL, 
	ref INTEGER NOT NULL, 
	uid TEXT, 
	CONSTRAINT pk_change PRIMARY KEY (seq)
);
INSERT INTO "change" VALUES(1,0,0,1,NULL);
INSERT INTO "change" VALUES(2,0,0,2,NULL);
INSERT INTO "change" VALUES(3,0,0,3,NULL);
INSERT INTO "change" VALUES(4,0,0,4,NULL);
INSERT INTO "change" VALUES(5,0,0,5,NULL);
INSERT INTO "change" VALUES(6,0,1,1,NULL);
INSERT INTO "change" VALUES(7,0,1,2,NULL);
INSERT INTO "change" VALUES(8,0,0,6,NULL);
INSERT INTO "change" VALUES(9,0,0,7,NULL);
INSERT INTO "change" VALUES(10,1,0,6,'crm/client/7');
INSERT INTO "change" VALUES(11,0,0,4,NULL);
INSERT INTO "change" VALUES(12,0,1,4,NULL);
INSERT INTO "change" VALUES(13,0,0,5,NULL);
INSERT INTO "change" VALUES(14,1,1,1,'erp/order/0#OF>erp/customer/0');
CREATE TABLE change_time (
	seq INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	CONSTRAINT pk_change_time PRIMARY KEY (seq)
);
INSERT INTO "change_time" VALUES(1,1.79543761405924105645e+09);
CREATE TABLE counter (
	name TEXT NOT NULL, 
	value INTEGER NOT NULL, 
	CONSTRAINT pk_counter PRIMARY KEY (name)
);
INSERT INTO "counter" VALUES('version',20);
INSERT INTO "counter" VALUES('source',4);
INSERT INTO "counter" VALUES('dataset',6);
INSERT INTO "counter" VALUES('record',8);
INSERT INTO "counter" VALUES('fragment',8);
INSERT INTO "counter" VALUES('label',14);
INSERT INTO "counter" VALUES('link',4);
INSERT INTO "counter" VALUES('change',14);
INSERT INTO "counter" VALUES('link_type',2);
INSERT INTO "counter" VALUES('judgement',2);
INSERT INTO "counter" VALUES('edit',2);
CREATE TABLE dangling (
	uid TEXT NOT NULL, 
	link INTEGER NOT NULL, 
	"end" SMALLINT NOT NULL, 
	CONSTRAINT pk_dangling PRIMARY KEY (uid, link, "end")
);
INSERT INTO "dangling" VALUES('erp/customer/2',3,1);
CREATE TABLE dataset (
	id INTEGER NOT NULL, 
	source INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	info TEXT NOT NULL, 
	type TEXT NOT NULL, 
	last_build INTEGER, 
	CONSTRAINT pk_dataset PRIMARY KEY (id), 
	CONSTRAINT uq_dataset_source_name UNIQUE (source, name)
);
INSERT INTO "dataset" VALUES(1,1,'customer','{"name":"customer","kind":"table","columns":[],"key":[],"unique":[],"references":[],"comment":"","estimated_records":null,"options":{}}','Customer',NULL);
INSERT INTO "dataset" VALUES(2,1,'order','{"name":"order","kind":"table","columns":[],"key":[],"unique":[],"references":[],"comment":"","estimated_records":null,"options":{}}','Order',NULL);
INSERT INTO "dataset" VALUES(3,2,'client','{"name":"client","kind":"table","columns":[],"key":[],"unique":[],"references":[],"comment":"","estimated_records":null,"options":{}}','Client',NULL);
INSERT INTO "dataset" VALUES(4,3,'docs','{"name":"docs","kind":"table","columns":[],"key":[],"unique":[],"references":[],"comment":"","estimated_records":null,"options":{}}','Docs',NULL);
INSERT INTO "dataset" VALUES(5,4,'vertices','{"name":"vertices","kind":"table","columns":[],"key":[],"unique":[],"references":[],"comment":"","estimated_records":null,"options":{}}','vertices',NULL);
INSERT INTO "dataset" VALUES(6,4,'edges','{"name":"edges","kind":"table","columns":[],"key":[],"unique":[],"references":[],"comment":"","estimated_records":null,"options":{}}','edges',NULL);
CREATE TABLE document (
	record INTEGER NOT NULL, 
	fragment INTEGER NOT NULL, 
	media_type TEXT NOT NULL, 
	reader TEXT NOT NULL, 
	properties TEXT NOT NULL, 
	CONSTRAINT pk_document PRIMARY KEY (record)
);
INSERT INTO "document" VALUES(7,7,'text/plain','','{}');
CREATE TABLE "edge" (
	id INTEGER NOT NULL, 
	uid TEXT NOT NULL, 
	label INTEGER NOT NULL, 
	tail INTEGER NOT NULL, 
	head INTEGER NOT NULL, 
	properties TEXT NOT NULL, 
	score FLOAT DEFAULT '1' NOT NULL, 
	CONSTRAINT pk_edge PRIMARY KEY (id)
);
INSERT INTO "edge" VALUES(2,'erp/order/1#OF>erp/customer/1',2,2,5,'{}',1.0);
INSERT INTO "edge" VALUES(4,'link/ed94efcc4904/files%2Fdocs%2Fa.txt/erp%2Forder%2F1',13,7,2,'{}',0.7);
CREATE TABLE edit (
	id INTEGER NOT NULL, 
	element TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	action TEXT NOT NULL, 
	data TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	at TEXT NOT NULL, 
	undone_by TEXT, 
	undone_at TEXT, 
	CONSTRAINT pk_edit PRIMARY KEY (id)
);
INSERT INTO "edit" VALUES(1,'vertex','erp/customer/1','update','{"label":"Customer","set":{"name":["Right"]},"remove":[]}','bob','2026-11-23T12:40:14.177043+00:00',NULL,NULL);
INSERT INTO "edit" VALUES(2,'edge','erp/order/0#OF>erp/customer/0','delete','{}','bob','2026-11-23T12:40:14.213087+00:00',NULL,NULL);
CREATE TABLE evidence (
	id INTEGER NOT NULL, 
	dataset INTEGER NOT NULL, 
	data TEXT NOT NULL, 
	CONSTRAINT pk_evidence PRIMARY KEY (id)
);
CREATE TABLE failure (
	id INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	dataset TEXT NOT NULL, 
	record TEXT NOT NULL, 
	code TEXT NOT NULL, 
	message TEXT NOT NULL, 
	remedy TEXT NOT NULL, 
	build INTEGER NOT NULL, 
	CONSTRAINT pk_failure PRIMARY KEY (id)
);
CREATE TABLE fragment (
	id INTEGER NOT NULL, 
	uid TEXT NOT NULL, 
	record INTEGER NOT NULL, 
	dataset INTEGER NOT NULL, 
	type INTEGER NOT NULL, 
	properties TEXT NOT NULL, 
	evidence TEXT, 
	canonical INTEGER NOT NULL, 
	CONSTRAINT pk_fragment PRIMARY KEY (id)
);
INSERT INTO "fragment" VALUES(1,'erp/order/0',1,2,1,'{"n":[0]}',NULL,1);
INSERT INTO "fragment" VALUES(2,'erp/order/1',2,2,1,'{"n":[1]}',NULL,2);
INSERT INTO "fragment" VALUES(3,'erp/order/2',3,2,1,'{"n":[2]}',NULL,3);
INSERT INTO "fragment" VALUES(4,'erp/customer/0',4,1,4,'{"name":["Ann"],"since":[{"@date":"2020-02-29"}],"limit":[{"@decimal":"1.50"}],"tags":["a","b"]}',NULL,4);
INSERT INTO "fragment" VALUES(5,'erp/customer/1',5,1,4,'{"name":["Ann"],"since":[{"@date":"2020-02-29"}],"limit":[{"@decimal":"1.50"}],"tags":["a","b"]}',NULL,5);
INSERT INTO "fragment" VALUES(6,'crm/client/7',6,3,9,'{"name":["ann"]}','{"default":{"confidence":0.8,"column":"Name"}}',4);
INSERT INTO "fragment" VALUES(7,'files/docs/a.txt',7,4,10,'{"title":["A"]}',NULL,7);
INSERT INTO "fragment" VALUES(8,'erp/customer/1',8,5,14,'{"name":["Right"]}','{"default":{"extractor":"edit.change","quote":"by bob"},"by":{"name":{"extractor":"edit.set"}}}',5);
CREATE TABLE hidden_link (
	uid TEXT NOT NULL, 
	CONSTRAINT pk_hidden_link PRIMARY KEY (uid)
);
INSERT INTO "hidden_link" VALUES('erp/order/0#OF>erp/customer/0');
CREATE TABLE judgement (
	id INTEGER NOT NULL, 
	subject TEXT NOT NULL, 
	link_type TEXT NOT NULL, 
	target TEXT, 
	verdict TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	at TEXT NOT NULL, 
	correction TEXT, 
	note TEXT NOT NULL, 
	features TEXT NOT NULL, 
	corrected TEXT, 
	undone_by TEXT, 
	undone_at TEXT, second_opinion SMALLINT DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_judgement PRIMARY KEY (id)
);
INSERT INTO "judgement" VALUES(1,'afafbc1fa218','afafbc1fa218',NULL,'confirm','ann','2026-11-23T12:40:14.093908+00:00',NULL,'','{}',NULL,NULL,NULL,0);
INSERT INTO "judgement" VALUES(2,'ed94efcc4904','ed94efcc4904',NULL,'confirm','ann','2026-11-23T12:40:14.112760+00:00','{"name":"NAMES","flip":false,"kind":null,"tail":null,"head":null,"transform":null,"condition":null,"threshold":null}','','{}',NULL,NULL,NULL,0);
CREATE TABLE label (
	id INTEGER NOT NULL, 
	element SMALLINT NOT NULL, 
	name TEXT NOT NULL, 
	CONSTRAINT pk_label PRIMARY KEY (id), 
	CONSTRAINT uq_label_element_name UNIQUE (element, name)
);
INSERT INTO "label" VALUES(1,0,'Order');
INSERT INTO "label" VALUES(2,1,'OF');
INSERT INTO "label" VALUES(3,2,'n');
INSERT INTO "label" VALUES(4,0,'Customer');
INSERT INTO "label" VALUES(5,2,'name');
INSERT INTO "label" VALUES(6,2,'since');
INSERT INTO "label" VALUES(7,2,'limit');
INSERT INTO "label" VALUES(8,2,'tags');
INSERT INTO "label" VALUES(9,0,'Client');
INSERT INTO "label" VALUES(10,0,'Document');
INSERT INTO "label" VALUES(11,2,'title');
INSERT INTO "label" VALUES(12,1,'LINK');
INSERT INTO "label" VALUES(13,1,'NAMES');
INSERT INTO "label" VALUES(14,0,'');
CREATE TABLE link (
	id INTEGER NOT NULL, 
	uid TEXT NOT NULL, 
	record INTEGER, 
	link_type INTEGER, 
	type INTEGER NOT NULL, 
	tail INTEGER, 
	head INTEGER, 
	properties TEXT NOT NULL, 
	evidence TEXT, 
	score FLOAT NOT NULL, 
	pin SMALLINT NOT NULL, 
	given SMALLINT NOT NULL, 
	active SMALLINT NOT NULL, 
	CONSTRAINT pk_link PRIMARY KEY (id), 
	CONSTRAINT uq_link_uid UNIQUE (uid)
);
INSERT INTO "link" VALUES(1,'erp/order/0#OF>erp/customer/0',1,NULL,2,1,4,'{}',NULL,1.0,0,1,0);
INSERT INTO "link" VALUES(2,'erp/order/1#OF>erp/customer/1',2,NULL,2,2,5,'{}',NULL,1.0,0,1,1);
INSERT INTO "link" VALUES(3,'erp/order/2#OF>erp/customer/2',3,NULL,2,3,NULL,'{}',NULL,1.0,0,1,1);
INSERT INTO "link" VALUES(4,'link/ed94efcc4904/files%2Fdocs%2Fa.txt/erp%2Forder%2F1',NULL,2,13,7,2,'{}',NULL,0.7,0,1,1);
CREATE TABLE link_type (
	number INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	state TEXT NOT NULL, 
	probability FLOAT NOT NULL, 
	tail_source TEXT NOT NULL, 
	head_source TEXT NOT NULL, 
	proposed TEXT, 
	data TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_link_type PRIMARY KEY (number), 
	CONSTRAINT uq_link_type_id UNIQUE (id)
);
INSERT INTO "link_type" VALUES(1,'afafbc1fa218','confirmed',0.9,'crm','erp','{"id":"afafbc1fa218","kind":"same_thing","tail":{"source":"crm","dataset":"client","columns":["name"]},"head":{"source":"erp","dataset":"customer","columns":["name"]},"name":"LINK","state":"proposed","probability":0.9,"baseline":0.0,"declared":false,"transform":{},"condition":"","cardinality":"","estimated_edges":0,"reasons":["98%"],"examples":[],"counter_examples":[],"features":{},"threshold":null,"model":"","through":null,"otherwise":null}','{"id":"afafbc1fa218","kind":"same_thing","tail":{"source":"crm","dataset":"client","columns":["name"]},"head":{"source":"erp","dataset":"customer","columns":["name"]},"name":"LINK","state":"confirmed","probability":0.9,"baseline":0.0,"declared":false,"transform":{},"condition":"","cardinality":"","estimated_edges":0,"reasons":["98%"],"examples":[],"counter_examples":[],"features":{},"threshold":null,"model":"","through":null,"otherwise":null}',16);
INSERT INTO "link_type" VALUES(2,'ed94efcc4904','confirmed',0.0,'files','erp','{"id":"ed94efcc4904","kind":"mention","tail":{"source":"files","dataset":"docs","columns":[]},"head":{"source":"erp","dataset":"order","columns":["n"]},"name":"MENTIONS","state":"proposed","probability":0.0,"baseline":0.0,"declared":false,"transform":{},"condition":"","cardinality":"","estimated_edges":0,"reasons":[],"examples":[],"counter_examples":[],"features":{},"threshold":null,"model":"","through":null,"otherwise":null}','{"id":"ed94efcc4904","kind":"mention","tail":{"source":"files","dataset":"docs","columns":[]},"head":{"source":"erp","dataset":"order","columns":["n"]},"name":"NAMES","state":"confirmed","probability":0.0,"baseline":0.0,"declared":false,"transform":{},"condition":"","cardinality":"","estimated_edges":0,"reasons":[],"examples":[],"counter_examples":[],"features":{},"threshold":null,"model":"","through":null,"otherwise":null}',17);
CREATE TABLE mention (
	record INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	page INTEGER NOT NULL, 
	"begin" INTEGER NOT NULL, 
	"end" INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	type TEXT NOT NULL, 
	normal TEXT NOT NULL, 
	confidence FLOAT NOT NULL, 
	extractor TEXT NOT NULL, 
	CONSTRAINT pk_mention PRIMARY KEY (record, position)
);
INSERT INTO "mention" VALUES(7,0,1,6,7,'1','ID','1',1.0,'rule');
CREATE TABLE page (
	record INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	width FLOAT NOT NULL, 
	height FLOAT NOT NULL, 
	from_ocr SMALLINT NOT NULL, 
	tables TEXT NOT NULL, 
	words BLOB, 
	CONSTRAINT pk_page PRIMARY KEY (record, number)
);
INSERT INTO "page" VALUES(7,1,'Order 1',0.0,0.0,0,'[]',NULL);
CREATE TABLE projection (
	name TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	CONSTRAINT pk_projection PRIMARY KEY (name)
);
CREATE TABLE record (
	id INTEGER NOT NULL, 
	dataset INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	build INTEGER NOT NULL, 
	first_build INTEGER NOT NULL, 
	changed_build INTEGER NOT NULL, 
	changed FLOAT NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_record PRIMARY KEY (id), 
	CONSTRAINT uq_record_dataset_key UNIQUE (dataset, "key")
);
INSERT INTO "record" VALUES(1,2,'0',X'97FD805C18518ED71AFE6534E94E9B95',1,1,1,1.79543761397336506841e+09,4);
INSERT INTO "record" VALUES(2,2,'1',X'50AFDAED1FA46E25C8AD587E6F0018F2',1,1,1,1.79543761397336506841e+09,4);
INSERT INTO "record" VALUES(3,2,'2',X'225EC5FDFB4F9B36C6BEC61FAC7C0A50',1,1,1,1.79543761397336506841e+09,4);
INSERT INTO "record" VALUES(4,1,'0',X'A359DCB674DDB694C33E8164A80008C4',1,1,1,1.79543761406305170053e+09,5);
INSERT INTO "record" VALUES(5,1,'1',X'D3714BAEF1844585D392C2943D0B671D',1,1,1,1.79543761406305170053e+09,5);
INSERT INTO "record" VALUES(6,3,'7',X'A93ECD138AD2BC49CAC602ABB40DB373',1,1,1,1.79543761407467722889e+09,6);
INSERT INTO "record" VALUES(7,4,'a.txt',X'31',1,1,1,1.79543761407938671113e+09,7);
INSERT INTO "record" VALUES(8,5,'erp/customer/1',X'75499173C1096468F43658FF4DD16A25',0,0,0,1.7954376141870150566e+09,19);
CREATE TABLE removed_record (
	version INTEGER NOT NULL, 
	dataset INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	CONSTRAINT pk_removed_record PRIMARY KEY (version, dataset, "key")
);
CREATE TABLE same_pair (
	link_type INTEGER NOT NULL, 
	"left" INTEGER NOT NULL, 
	"right" INTEGER NOT NULL, 
	score FLOAT NOT NULL, 
	evidence TEXT NOT NULL, 
	pin SMALLINT NOT NULL, 
	given SMALLINT NOT NULL, 
	active SMALLINT NOT NULL, 
	CONSTRAINT pk_same_pair PRIMARY KEY (link_type, "left", "right")
);
INSERT INTO "same_pair" VALUES(1,6,4,0.9,'{}',0,1,1);
CREATE TABLE source (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	options TEXT NOT NULL, 
	rank INTEGER NOT NULL, 
	removal_limit FLOAT NOT NULL, 
	created TEXT NOT NULL, 
	secret BLOB, 
	CONSTRAINT pk_source PRIMARY KEY (id), 
	CONSTRAINT uq_source_name UNIQUE (name)
);
INSERT INTO "source" VALUES(1,'erp','table','{}',0,0.3,'2026-11-23T12:40:13.955373+00:00',NULL);
INSERT INTO "source" VALUES(2,'crm','table','{}',1,0.3,'2026-11-23T12:40:13.964112+00:00',NULL);
INSERT INTO "source" VALUES(3,'files','table','{}',0,0.3,'2026-11-23T12:40:13.968432+00:00',NULL);
INSERT INTO "source" VALUES(4,'edits','edits','{}',-1000,0.3,'2026-11-23T12:40:14.181894+00:00',NULL);
CREATE TABLE uncommitted (
	edit INTEGER NOT NULL, 
	session TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	CONSTRAINT pk_uncommitted PRIMARY KEY (edit)
);
CREATE TABLE vertex (
	id INTEGER NOT NULL, 
	uid TEXT NOT NULL, 
	label INTEGER NOT NULL, 
	properties TEXT NOT NULL, 
	meta TEXT, 
	CONSTRAINT pk_vertex PRIMARY KEY (id), 
	CONSTRAINT uq_vertex_uid UNIQUE (uid)
);
INSERT INTO "vertex" VALUES(1,'erp/order/0',1,'{"n":[0]}',NULL);
INSERT INTO "vertex" VALUES(2,'erp/order/1',1,'{"n":[1]}',NULL);
INSERT INTO "vertex" VALUES(3,'erp/order/2',1,'{"n":[2]}',NULL);
INSERT INTO "vertex" VALUES(4,'erp/customer/0',4,'{"limit":[{"@decimal":"1.50"}],"name":["Ann","ann"],"since":[{"@date":"2020-02-29"}],"tags":["a","b"]}',NULL);
INSERT INTO "vertex" VALUES(5,'erp/customer/1',4,'{"limit":[{"@decimal":"1.50"}],"name":["Right"],"since":[{"@date":"2020-02-29"}],"tags":["a","b"]}',NULL);
INSERT INTO "vertex" VALUES(7,'files/docs/a.txt',10,'{"title":["A"]}',NULL);
CREATE TABLE vertex_value (
	"key" INTEGER NOT NULL, 
	hash BIGINT NOT NULL, 
	vertex INTEGER NOT NULL, 
	CONSTRAINT pk_vertex_value PRIMARY KEY ("key", hash, vertex)
)
 WITHOUT ROWID

;
INSERT INTO "vertex_value" VALUES(3,-6231385896713180986,1);
INSERT INTO "vertex_value" VALUES(3,-4509982747438411011,2);
INSERT INTO "vertex_value" VALUES(3,7972990249339049930,3);
INSERT INTO "vertex_value" VALUES(5,-2624448417324649220,5);
INSERT INTO "vertex_value" VALUES(5,-1203484631197294478,4);
INSERT INTO "vertex_value" VALUES(5,9191384072884373468,4);
INSERT INTO "vertex_value" VALUES(6,2259433734276718421,4);
INSERT INTO "vertex_value" VALUES(6,2259433734276718421,5);
INSERT INTO "vertex_value" VALUES(7,-3070305450653690257,4);
INSERT INTO "vertex_value" VALUES(7,-3070305450653690257,5);
INSERT INTO "vertex_value" VALUES(8,-6564837394086784237,4);
INSERT INTO "vertex_value" VALUES(8,-6564837394086784237,5);
INSERT INTO "vertex_value" VALUES(8,4049956733709876575,4);
INSERT INTO "vertex_value" VALUES(8,4049956733709876575,5);
INSERT INTO "vertex_value" VALUES(11,5309690716372788835,7);
CREATE INDEX ix_dangling_link ON dangling (link);
CREATE INDEX ix_document_fragment ON document (fragment);
CREATE INDEX ix_edit_subject ON edit (subject);
CREATE INDEX ix_evidence_dataset ON evidence (dataset);
CREATE INDEX ix_failure_build_source_dataset ON failure (build, source, dataset);
CREATE INDEX ix_failure_source_dataset ON failure (source, dataset);
CREATE INDEX ix_fragment_canonical ON fragment (canonical);
CREATE INDEX ix_fragment_dataset_id ON fragment (dataset, id);
CREATE INDEX ix_fragment_record ON fragment (record);
CREATE INDEX ix_fragment_uid ON fragment (uid);
CREATE INDEX ix_judgement_link_type ON judgement (link_type);
CREATE INDEX ix_judgement_subject ON judgement (subject);
CREATE INDEX ix_judgement_target ON judgement (target);
CREATE INDEX ix_link_head ON link (head);
CREATE INDEX ix_link_link_type ON link (link_type) WHERE link_type IS NOT NULL;
CREATE INDEX ix_link_record ON link (record);
CREATE INDEX ix_link_tail ON link (tail);
CREATE INDEX ix_link_type_version ON link_type (version);
CREATE INDEX ix_record_version ON record (version);
CREATE INDEX ix_same_pair_left ON same_pair ("left");
CREATE INDEX ix_same_pair_right ON same_pair ("right");
CREATE INDEX ix_vertex_label_id ON vertex (label, id);
CREATE INDEX ix_edge_tail_label_head ON edge (tail, label, head);
CREATE INDEX ix_edge_head_label_tail ON edge (head, label, tail);
CREATE INDEX ix_edge_label_id ON edge (label, id);
COMMIT;
