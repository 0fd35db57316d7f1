#include <doctest/doctest.h>
#include <sqlite3.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "proxy/import/read_sqlgrey.h"
#include "proxy/import/sql_dump.h"
#include "test/unit/proxy/import/collected.h"
#include "test/unit/proxy/temporary_directory.h"

namespace {

// As SQLgrey 1.8.0 creates them.
constexpr const char* schema =
    "CREATE TABLE connect (sender_name varchar(64) NOT NULL, sender_domain varchar(255) NOT NULL, "
    "src varchar(39) NOT NULL, rcpt varchar(255) NOT NULL, first_seen timestamp NOT NULL);"
    "CREATE TABLE from_awl (sender_name varchar(64) NOT NULL, sender_domain varchar(255) NOT NULL, "
    "src varchar(39) NOT NULL, first_seen timestamp NOT NULL, last_seen timestamp NOT NULL, "
    "PRIMARY KEY (src, sender_domain, sender_name));"
    "CREATE TABLE domain_awl (sender_domain varchar(255) NOT NULL, src varchar(39) NOT NULL, "
    "first_seen timestamp NOT NULL, last_seen timestamp NOT NULL, PRIMARY KEY (src, sender_domain));"
    "CREATE TABLE optout_email (email varchar(255) NOT NULL, PRIMARY KEY (email));"
    "CREATE TABLE config (parameter varchar(255) NOT NULL, value varchar(255), PRIMARY KEY (parameter));";
constexpr const char* rows =
    "INSERT INTO config VALUES ('version', '2');"
    "INSERT INTO optout_email VALUES ('eve@example.org');"
    "INSERT INTO connect VALUES ('o''neil', 'example.com', '192.0.2', 'bob@example.org', 1700000000);"
    "INSERT INTO connect VALUES ('-undef-', '-undef-', '198.51.100.7', 'bob@example.org', 1700000001);"
    "INSERT INTO from_awl VALUES ('alice', 'example.com', '192.0.2', 1700000000, 1700000400);"
    "INSERT INTO from_awl VALUES ('bounce-#', 'l.example', '192.0.2.9', 1700000000, 1700000500);"
    "INSERT INTO domain_awl VALUES ('example.net', '2001:0db8:0001:0002', 1700000000, 1700000600);";

std::string make_database(const TemporaryDirectory& directory, const std::string& name, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(directory.path(name).c_str(), &database) == SQLITE_OK);
  CHECK(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(database);
  return directory.path(name);
}

struct Read {
  std::expected<void, std::string> outcome;
  proxy::ImportReport report;
  Collected got;
};

Read read_dump(std::string_view text) {
  Collected got;
  const auto take = got.take();
  proxy::SqlgreyRows read_rows(take);
  proxy::TextInput input{std::string(text)};
  auto outcome = proxy::read_sql_dump(input, read_rows);
  CHECK(got.counted_by(read_rows.report()));
  return {std::move(outcome), read_rows.report(), std::move(got)};
}

// The rows above.
void check(const Collected& got) {
  REQUIRE(got.triplets.size() == 2);
  CHECK(got.triplets[0].client == "192.0.2.0");
  CHECK(got.triplets[0].sender == "o'neil@example.com");
  CHECK(got.triplets[0].recipient == "bob@example.org");
  CHECK(seconds(got.triplets[0].first_seen) == 1700000000);
  CHECK(seconds(got.triplets[0].last_seen) == 1700000000);
  CHECK(!got.triplets[0].passed);
  CHECK(got.triplets[1].client == "198.51.100.7");
  CHECK(got.triplets[1].sender.empty());

  REQUIRE(got.allows.size() == 3);
  const auto entry = [&](std::string_view client) {
    const auto found = std::ranges::find(got.allows, client, &proxy::ImportedAllow::client);
    REQUIRE(found != got.allows.end());
    CHECK(found->recipient.empty());
    REQUIRE(found->last_seen);
    return *found;
  };
  const auto exact = entry("192.0.2.0/24"), many = entry("192.0.2.9"), domain = entry("2001:db8:1:2::/64");
  CHECK(exact.sender == "alice@example.com");
  CHECK(exact.note == "SQLgrey from_awl");
  CHECK(seconds(*exact.last_seen) == 1700000400);
  CHECK(many.sender == "@l.example");
  CHECK(many.note == "SQLgrey from_awl: bounce-#@l.example");
  CHECK(seconds(*many.last_seen) == 1700000500);
  CHECK(domain.sender == "@example.net");
  CHECK(domain.note == "SQLgrey domain_awl");
  CHECK(seconds(*domain.last_seen) == 1700000600);
}

}  // namespace

TEST_CASE("SQLgrey's SQLite file is read, and left as it was") {
  const TemporaryDirectory directory;
  const auto path = make_database(directory, "sqlgrey.db", std::string(schema) + rows);
  const auto octets = [&] {
    std::ifstream file(path, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(file), {}};
  };
  const auto before = octets();
  Collected got;
  const auto report = proxy::read_sqlgrey(path, got.take());
  REQUIRE(report);
  CHECK(got.counted_by(*report));
  CHECK(report->left_out.empty());
  check(got);
  CHECK(octets() == before);
}

TEST_CASE("a damaged SQLite file, or another's, is an error that names the file") {
  const TemporaryDirectory directory;
  Collected got;
  const auto error = [&](const std::string& path) { return error_in(proxy::read_sqlgrey(path, got.take())); };
  const auto other = make_database(directory, "other", "CREATE TABLE mail (sender)");
  CHECK(error(other) == other + ": it has none of SQLgrey's tables");
  const auto columns = make_database(directory, "columns", "CREATE TABLE connect (ip_addr)");
  CHECK(error(columns) == columns + ": SQLite: no such column: sender_name");
  const auto damaged = directory.write("damaged", "SQLite format 3" + std::string(1, '\0') + std::string(5000, 'x'));
  CHECK(error(damaged) == damaged + ": SQLite: file is not a database");
  CHECK(error(directory.path("missing")) == directory.path("missing") + ": No such file or directory");
  CHECK(error(directory.path()) == directory.path() + ": Is a directory");
  CHECK(got.triplets.empty());
}

TEST_CASE("a value that a row of SQLite can't have is counted, not fatal") {
  const TemporaryDirectory directory;
  const auto path = make_database(directory, "odd",
                                  std::string(schema) +
                                      "INSERT INTO connect VALUES (x'00ff', 'x.org', '192.0.2', 'b@y.org', 1);"
                                      "INSERT INTO connect VALUES ('a', 'x.org', '192.0.2', 'b@y.org', x'');"
                                      "INSERT INTO connect VALUES ('a', 'x.org', 12345, 'b@y.org', 1);"
                                      "INSERT INTO connect VALUES ('a', 'x.org', '192.0.2', 'b@y.org', 1700000000);");
  Collected got;
  const auto report = proxy::read_sqlgrey(path, got.take());
  REQUIRE(report);
  CHECK(report->triplets == 1);
  CHECK(left_out(*report) == 3);
}

TEST_CASE("dumps of SQLite, MySQL and PostgreSQL give the same") {
  struct Row {
    const char* why;
    std::string text;
  };
  const std::string sqlite = std::string("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n") + schema + "\n" + rows +
                             "\nCREATE INDEX connect_idx ON connect (src);\nCOMMIT;\n";
  const std::string mysql = R"(-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
--
-- Host: localhost    Database: sqlgrey
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40103 SET TIME_ZONE='+00:00' */;
DROP TABLE IF EXISTS `config`;
CREATE TABLE `config` (
  `parameter` varchar(255) NOT NULL COMMENT 'it\'s a name; or so',
  PRIMARY KEY (`parameter`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `config` VALUES ('a\\',NULL),('version;','2');
INSERT INTO `optout_email` VALUES ('eve@example.org');
LOCK TABLES `connect` WRITE;
/*!40000 ALTER TABLE `connect` DISABLE KEYS */;
INSERT INTO `connect` VALUES ('o\'neil','example.com','192.0.2','bob@example.org','2023-11-14 22:13:20'),('-undef-','-undef-','198.51.100.7','bob@example.org','2023-11-14 22:13:21');
/*!40000 ALTER TABLE `connect` ENABLE KEYS */;
UNLOCK TABLES;
INSERT IGNORE INTO `from_awl` (`sender_domain`, `sender_name`, `src`, `first_seen`, `last_seen`) VALUES
('example.com',_binary 'alice','192.0.2','2023-11-14 22:13:20','2023-11-14 22:20:00'),
('l.example','bounce-#','192.0.2.9','2023-11-14 22:13:20','2023-11-14 22:21:40');
REPLACE INTO `domain_awl` VALUES ('example.net','2001:0db8:0001:0002','2023-11-14 22:13:20','2023-11-14 22:23:20') ;
-- Dump completed on 2023-11-15  0:00:00
)";
  const std::string postgresql = R"(--
-- PostgreSQL database dump
--

\restrict 6RyrJMdlkwP1Qt9KCU5qD3ZbD8UPMlO9JGAJe8BWPUQc7zGGKbO9dAfEnyVlhcP

SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.connect (
    sender_name character varying(64) NOT NULL,
    first_seen timestamp without time zone NOT NULL
);
COPY public.connect (sender_name, sender_domain, src, rcpt, first_seen) FROM stdin;
o'neil	example.com	192.0.2	bob@example.org	2023-11-14 22:13:20.678
-undef-	-undef-	198.51.100.7	bob@example.org	2023-11-14 22:13:21
\.


--
-- Data for Name: domain_awl; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.domain_awl (sender_domain, src, first_seen, last_seen) FROM stdin;
example.net	2001:0db8:0001:0002	2023-11-14 22:13:20	2023-11-14 22:23:20
\.
COPY public.config (parameter, value) FROM stdin;
';	\N
\.
COPY from_awl FROM stdin;
alice	example.com	192.0.2	2023-11-14 22:13:20	2023-11-14 22:20:00
bounce-#	l.example	192.0.2.9	2023-11-14 22:13:20	2023-11-14 22:21:40
\.
COPY public.optout_email (email) FROM stdin;
eve@example.org
\.
\unrestrict 6RyrJMdlkwP1Qt9KCU5qD3ZbD8UPMlO9JGAJe8BWPUQc7zGGKbO9dAfEnyVlhcP
)";
  const std::string inserts = R"(INSERT INTO public.config VALUES ('\', E'\'');
INSERT INTO public."connect" VALUES ('o''neil', 'example.com', '192.0.2', 'bob@example.org', '2023-11-14 22:13:20.678');
INSERT INTO "public"."connect" VALUES ('-undef-', '-undef-', '198.51.100.7', 'bob@example.org', '2023-11-14 22:13:21');
INSERT INTO public.from_awl VALUES ('alice', 'example.com', '192.0.2', '2023-11-14 22:13:20', '2023-11-14 22:20:00');
INSERT INTO public.from_awl VALUES ('bounce-#', 'l.example', '192.0.2.9', '2023-11-14 22:13:20', '2023-11-14 22:21:40');
INSERT INTO public.domain_awl VALUES ('example.net', '2001:0db8:0001:0002', '2023-11-14 22:13:20', '2023-11-14 22:23:20');
INSERT INTO public.optout_email (email) VALUES ('eve@example.org');
)";
  for (const auto& [why, text] : {Row{"sqlite3", sqlite}, Row{"mysqldump", mysql}, Row{"pg_dump", postgresql},
                                  Row{"pg_dump --inserts", inserts}}) {
    CAPTURE(why);
    const auto dump = read_dump(text);
    CAPTURE(error_in(dump.outcome));
    REQUIRE(dump.outcome);
    check(dump.got);
    CHECK(dump.report.left_out ==
          std::map<std::string, std::uint64_t>{{"opt-in and opt-out lists: allow.recipients is for what they say", 1}});

    // Cut anywhere it is an error, or an earlier end; nothing is read that isn't there.
    for (std::size_t size = 0; size < text.size(); size += 7) {
      const auto cut = read_dump(std::string_view(text).substr(0, size));
      CHECK(cut.got.triplets.size() <= 2);
      CHECK(cut.got.allows.size() <= 3);
    }
  }
}

TEST_CASE("a dump's rows are taken over or counted") {
  struct Row {
    const char* why;
    std::string_view statement, reason;
  };
  const std::string_view unreadable = "the row can't be read", times = "the times can't be read";
  const std::string_view client = "the client is not an address", sender = "the sender is not an address";
  for (const auto& [why, statement, reason] : {
           Row{"too few values", "INSERT INTO connect VALUES('a','x.org','192.0.2','b@y.org');", unreadable},
           Row{"too many", "INSERT INTO connect VALUES('a','x.org','192.0.2','b@y.org',1,2);", unreadable},
           Row{"an expression",
               "INSERT INTO connect VALUES(replace('a\\nb','\\n',char(10)),'x.org','192.0.2','b@y.org',1);",
               unreadable},
           Row{"a text of octets", "INSERT INTO connect VALUES(X'61','x.org','192.0.2','b@y.org',1);", unreadable},
           Row{"two texts", "INSERT INTO connect VALUES('a' 'b','x.org','192.0.2','b@y.org',1);", unreadable},
           Row{"NULL", "INSERT INTO connect VALUES('a','x.org',NULL,'b@y.org',1);", client},
           Row{"a client that is none", "INSERT INTO connect VALUES('a','x.org','192.0','b@y.org',1);", client},
           Row{"an octet too large", "INSERT INTO connect VALUES('a','x.org','192.0.256','b@y.org',1);", client},
           Row{"a sender with a blank", "INSERT INTO connect VALUES('a b','x.org','192.0.2','b@y.org',1);", sender},
           Row{"a domain that is none", "INSERT INTO domain_awl VALUES('x y','192.0.2',1,2);", sender},
           Row{"a domain that isn't UTF-8", "INSERT INTO domain_awl VALUES('\xe9.org','192.0.2',1,2);", sender},
           Row{"a name that isn't", "INSERT INTO from_awl VALUES('\xe9','x.org','192.0.2',1,2);", sender},
           Row{"an empty name", "INSERT INTO from_awl VALUES('','x.org','192.0.2',1,2);", sender},
           Row{"null sender's white row", "INSERT INTO from_awl VALUES('-undef-','-undef-','192.0.2',1,2);",
               "a list entry can't stand for the null sender, nor for one without a domain"},
           Row{"no recipient", "INSERT INTO connect VALUES('a','x.org','192.0.2','',1);",
               "the recipient is not an address"},
           Row{"a time below 0", "INSERT INTO connect VALUES('a','x.org','192.0.2','b@y.org',-1);", times},
           Row{"MySQL's zero", "INSERT INTO domain_awl VALUES('x.org','192.0.2',1,'0000-00-00 00:00:00');", times},
           Row{"a column that isn't there", "INSERT INTO domain_awl (sender_domain, src) VALUES ('x.org','192.0.2');",
               times},
           Row{"a control character of COPY", "COPY connect FROM stdin;\na\\tb\tx.org\t192.0.2\tb@y.org\t1\n\\.\n",
               unreadable},
           Row{"a short line of COPY", "COPY connect FROM stdin;\na\n\\.\n", unreadable},
       }) {
    CAPTURE(why);
    const auto dump =
        read_dump("INSERT INTO connect VALUES('a','x.org','192.0.2','b@y.org',1700000000);\n" + std::string(statement) +
                  "\nINSERT INTO connect VALUES('a','x.org','192.0.2','b@y.org',1700000000.5);\n");
    CAPTURE(error_in(dump.outcome));
    REQUIRE(dump.outcome);
    CHECK(dump.got.triplets.size() == 2);
    CHECK(dump.report.left_out == std::map<std::string, std::uint64_t>{{std::string(reason), 1}});
  }
}

TEST_CASE("senders that stand for many let their domain in from that client") {
  struct Row {
    const char* why;
    std::string_view name, entry;
  };
  for (const auto& [why, name, entry] : {
           Row{"as it was", "alice", "alice@x.org"},
           Row{"a number or a word of hex digits", "john.#", "@x.org"},
           Row{"the recipient", "list-RCPT", "@x.org"},
           Row{"a tag", "prvs=#=alice", "@x.org"},
           Row{"rcpt in small letters is a name", "rcpt", "rcpt@x.org"},
       }) {
    CAPTURE(why);
    const auto dump = read_dump("INSERT INTO from_awl VALUES('" + std::string(name) + "','x.org','192.0.2.7',1,2);");
    REQUIRE(dump.got.allows.size() == 1);
    CHECK(dump.got.allows[0].sender == entry);
    CHECK(dump.got.allows[0].client == "192.0.2.7");
  }
}

TEST_CASE("clients are addresses, or the networks that SQLgrey makes of them") {
  struct Row {
    const char* why;
    std::string_view src, triplet, entry;
  };
  for (const auto& [why, src, triplet, entry] : {
           Row{"IPv4", "192.0.2.7", "192.0.2.7", "192.0.2.7"},
           Row{"class C", "192.0.2", "192.0.2.0", "192.0.2.0/24"},
           Row{"IPv6, written out", "2001:0db8:0001:0002:0000:0000:0000:0007", "2001:db8:1:2::7", "2001:db8:1:2::7"},
           Row{"IPv6", "2001:db8::7", "2001:db8::7", "2001:db8::7"},
           Row{"the first half of an EUI-64 address", "2001:0db8:0001:0002", "2001:db8:1:2::", "2001:db8:1:2::/64"},
       }) {
    CAPTURE(why);
    const auto dump = read_dump("INSERT INTO connect VALUES('a','x.org','" + std::string(src) + "','b@y.org',1);" +
                                "INSERT INTO domain_awl VALUES('x.org','" + std::string(src) + "',1,2);");
    REQUIRE(dump.got.triplets.size() == 1);
    CHECK(dump.got.triplets[0].client == triplet);
    REQUIRE(dump.got.allows.size() == 1);
    CHECK(dump.got.allows[0].client == entry);
  }
}

TEST_CASE("a text that is no dump of SQLgrey's, or ends too early, is an error") {
  struct Row {
    const char* why;
    std::string_view text, error;
  };
  const std::string_view none = "neither an SQLite file nor an SQL dump with SQLgrey's tables";
  const std::string_view cut = "it is cut short: it ends within a statement";
  for (const auto& [why, text, error] : {
           Row{"empty", "", none},
           Row{"prose", "It was a dark and stormy night; the rain fell.", none},
           Row{"other tables", "CREATE TABLE mail (a int); INSERT INTO mail VALUES (1);", none},
           Row{"within a text", "INSERT INTO connect VALUES('a", cut},
           Row{"within a row", "INSERT INTO connect VALUES('a','x.org'", cut},
           Row{"before the semicolon", "INSERT INTO domain_awl VALUES('x.org','192.0.2',1,2)", cut},
           Row{"within the lines of COPY", "COPY connect FROM stdin;\na\tx.org\t192.0.2\tb@y.org\t1\n", cut},
           Row{"tables without rows", "CREATE TABLE IF NOT EXISTS connect (a int);", ""},
       }) {
    CAPTURE(why);
    CHECK(error_in(read_dump(text).outcome) == error);
  }
}

TEST_CASE("a value without an end costs its row, not the memory") {
  const auto dump = read_dump("INSERT INTO connect VALUES('" + std::string(5'000'000, 'a') +
                              "','x.org','192.0.2','b@y.org',1),('a','x.org','192.0.2','b@y.org',1);");
  REQUIRE(dump.outcome);
  CHECK(dump.got.triplets.size() == 1);
  CHECK(left_out(dump.report) == 1);
}
