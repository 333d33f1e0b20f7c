BEGIN TRANSACTION;
CREATE TABLE event (
	id INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	authenticated BOOLEAN NOT NULL, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	payload TEXT NOT NULL, 
	previous TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT event_chain_never_forks UNIQUE (previous)
);
INSERT INTO "event" VALUES(1,'2026-11-28T04:41:17.555733+00:00','王医生',0,'dlt.adjudicated','X-101','{"candidate":"group 1|other","clause":"other","cut":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","cutoff":"2026-06-09T23:59:59","dlt":true,"grade":3,"reason":"皮疹 3 级，与细胞产品相关","term":"皮疹"}','0000000000000000000000000000000000000000000000000000000000000000','d15dc8ccf0b299982073ae40fb03ccf66301b507177e414a4c00b6de523aa895');
INSERT INTO "event" VALUES(2,'2026-11-28T04:41:17.560115+00:00','Dr Li',0,'dlt.withdrawn','X-101','{"event":1,"reason":"mistaken"}','d15dc8ccf0b299982073ae40fb03ccf66301b507177e414a4c00b6de523aa895','8bd10d1fc9b9dc5ba9669f4823c742b996d33408dd6591bce7ff49a964d1cc61');
CREATE TABLE state_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT state_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "state_version" VALUES('0001');
CREATE TRIGGER event_never_changes BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_never_goes BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE TRIGGER event_follows_the_last BEFORE INSERT ON event
    WHEN NEW.id IS NOT (SELECT coalesce(max(id), 0) + 1 FROM event)
        OR NEW.previous IS NOT coalesce((SELECT hash FROM event ORDER BY id DESC LIMIT 1), '0000000000000000000000000000000000000000000000000000000000000000')
    BEGIN SELECT RAISE(ABORT, 'an event follows the last one'); END;
COMMIT;
