-- A conversation. Its serial is another one if it is deleted and begun again.
CREATE TABLE weft_sessions (
    serial bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The name of the client's key, or nothing.
    client text NOT NULL,
    id text NOT NULL,
    title text NOT NULL,
    -- Whether a user gave it that title, which is made from its messages otherwise.
    titled boolean NOT NULL DEFAULT false,
    turns integer NOT NULL,
    messages integer NOT NULL,
    updated timestamptz NOT NULL DEFAULT now(),
    UNIQUE (client, id)
);
CREATE INDEX weft_sessions_newest ON weft_sessions (client, updated DESC);

-- A turn: its messages in the format of a session's file.
CREATE TABLE weft_turns (
    session bigint NOT NULL REFERENCES weft_sessions ON DELETE CASCADE,
    number integer NOT NULL,
    turn text NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (session, number),
    CONSTRAINT weft_turns_once UNIQUE (turn)
);

-- A response that a later request may continue.
CREATE TABLE weft_responses (
    serial bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client text NOT NULL,
    id text NOT NULL,
    body bytea NOT NULL,
    UNIQUE (client, id)
);
CREATE INDEX weft_responses_newest ON weft_responses (client, serial);

-- A key of a client: its digest and limits in the format of keys.json.
CREATE TABLE weft_keys (
    name text PRIMARY KEY,
    record text NOT NULL
);

-- The requests and tokens of a key in its current minute.
CREATE TABLE weft_spent (
    key text PRIMARY KEY,
    since timestamptz NOT NULL,
    requests bigint NOT NULL,
    tokens bigint NOT NULL,
    refused boolean NOT NULL
);
