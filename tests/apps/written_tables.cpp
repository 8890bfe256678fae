#include "tests/apps/written_tables.hpp"

namespace lockstep {

namespace {

std::vector<written_tables> keys() {
  return {
    {"uuid_as_blob",
     "CREATE TABLE by_blob(id BLOB(16) PRIMARY KEY, x)",
     {"by_blob"},
     "INSERT INTO by_blob VALUES(x'018f0000000070008000000000000001', 1),"
     " (x'018f0000000070008000000000000002', 2)",
     "UPDATE by_blob SET x = 3 WHERE x = 1; DELETE FROM by_blob WHERE x = 2;"
     "INSERT INTO by_blob VALUES(x'018f0000000070008000000000000003', 4)"},
    {"uuid_as_text",
     "CREATE TABLE dashed(uuid TEXT PRIMARY KEY NOT NULL, x);"
     "CREATE TABLE plain(guid CHAR(32) PRIMARY KEY, x)",
     {"dashed", "plain"},
     "INSERT INTO dashed VALUES('018f0000-0000-7000-8000-000000000001', 1);"
     "INSERT INTO plain VALUES('018f0000000070008000000000000001', 1)",
     "UPDATE dashed SET x = x + 1; UPDATE plain SET x = x + 1;"
     "INSERT INTO plain VALUES('018F000000007000800000000000000A', 2)"},
    {"natural_keys",
     "CREATE TABLE country(code TEXT PRIMARY KEY, name);"
     "CREATE TABLE seat(house TEXT, no INTEGER, who, PRIMARY KEY(house, no));"
     "CREATE TABLE word(word TEXT COLLATE NOCASE PRIMARY KEY, n) WITHOUT ROWID",
     {"country", "seat", "word"},
     "INSERT INTO country VALUES('de', 'D'), ('fr', 'F'), (NULL, '-');"
     "INSERT INTO seat VALUES('N', 1, 'a'), ('N', 2, 'b'), (NULL, 2, 'c');"
     "INSERT INTO word VALUES('One', 1), ('two', 2)",
     "UPDATE country SET code = 'dk' WHERE code = 'fr';"
     "UPDATE seat SET no = no + 10; DELETE FROM seat WHERE house IS NULL;"
     "REPLACE INTO word VALUES('ONE', 11), ('three', 3)"},
    {"integer_keys",
     "CREATE TABLE plain_number(id INTEGER PRIMARY KEY, x);"
     "CREATE TABLE counted(id INTEGER PRIMARY KEY AUTOINCREMENT, x);"
     "CREATE TABLE keyless(x, y)",
     {"plain_number", "counted", "keyless"},
     "INSERT INTO plain_number(x) VALUES('a'), ('b'), ('c');"
     "INSERT INTO counted(x) VALUES('a'), ('b'), ('c');"
     "INSERT INTO keyless VALUES(1, 1), (1, 1), (2, 2)",
     "DELETE FROM plain_number WHERE id = 3; INSERT INTO plain_number(x)"
     " VALUES('d'); UPDATE plain_number SET id = 100 WHERE id = 1;"
     "DELETE FROM counted WHERE id = 2; INSERT INTO counted(x) VALUES('d');"
     "UPDATE keyless SET y = 3 WHERE rowid = 2; DELETE FROM keyless WHERE"
     " x = 2"}};
}

std::vector<written_tables> foreign_keys() {
  return {
    {"references_to_itself",
     "CREATE TABLE node(id INTEGER PRIMARY KEY, up REFERENCES node(id)"
     " ON DELETE CASCADE, name)",
     {"node"},
     "INSERT INTO node VALUES(1, NULL, 'root'), (2, 1, 'a'), (3, 2, 'aa'),"
     " (4, 1, 'b'), (5, 5, 'self')",
     "DELETE FROM node WHERE id = 2; UPDATE node SET up = 4 WHERE id = 5"},
    {"references_in_a_circle",
     "CREATE TABLE hen(id INTEGER PRIMARY KEY, egg REFERENCES egg(id)"
     " DEFERRABLE INITIALLY DEFERRED);"
     "CREATE TABLE egg(id INTEGER PRIMARY KEY, hen REFERENCES hen(id)"
     " DEFERRABLE INITIALLY DEFERRED)",
     {"hen", "egg"},
     "BEGIN; INSERT INTO hen VALUES(1, 2), (2, 1); INSERT INTO egg VALUES"
     "(1, 1), (2, 2); COMMIT",
     "BEGIN; DELETE FROM hen WHERE id = 1; UPDATE egg SET hen = 2; COMMIT"},
    {"references_of_two_columns",
     "CREATE TABLE room(house TEXT, no INTEGER, PRIMARY KEY(house, no));"
     "CREATE TABLE desk(id INTEGER PRIMARY KEY, house, no, FOREIGN KEY"
     "(house, no) REFERENCES room ON UPDATE CASCADE ON DELETE SET NULL)",
     {"room", "desk"},
     "INSERT INTO room VALUES('N', 1), ('N', 2); INSERT INTO desk VALUES"
     "(1, 'N', 1), (2, 'N', 2), (3, NULL, 7)",
     "UPDATE room SET no = 9 WHERE no = 1; DELETE FROM room WHERE no = 2"},
    {"actions_and_tables_between",
     "CREATE TABLE album(id INTEGER PRIMARY KEY, name);"
     "CREATE TABLE photo(id INTEGER PRIMARY KEY, album REFERENCES album"
     " ON DELETE SET NULL);"
     "CREATE TABLE tag(id INTEGER PRIMARY KEY, name UNIQUE);"
     "CREATE TABLE tagged(photo REFERENCES photo ON DELETE CASCADE,"
     " tag REFERENCES tag ON DELETE CASCADE, PRIMARY KEY(photo, tag))"
     " WITHOUT ROWID",
     {"album", "photo", "tag", "tagged"},
     "INSERT INTO album VALUES(1, 'x'), (2, 'y'); INSERT INTO photo VALUES"
     "(1, 1), (2, 2), (3, 1); INSERT INTO tag VALUES(1, 'sea'), (2, 'sun');"
     "INSERT INTO tagged SELECT p.id, t.id FROM photo p, tag t",
     "DELETE FROM album WHERE id = 1; DELETE FROM photo WHERE id = 2;"
     "DELETE FROM tag WHERE name = 'sun'"}};
}

std::vector<written_tables> values() {
  return {
    {"values",
     "CREATE TABLE value(id INTEGER PRIMARY KEY, i INTEGER, r REAL, t TEXT,"
     " b BLOB, n)",
     {"value"},
     "INSERT INTO value VALUES(1, 9007199254740993, 0.1, 'text', x'', NULL),"
     "(2, 9223372036854775807, 9e999, CAST(x'610062' AS TEXT), x'00', -9e999),"
     "(3, -9223372036854775808, 5e-324, CAST(x'ff00fe' AS TEXT),"
     " zeroblob(1048576), -0.0),"
     "(4, 'no number', 'no real', 5, 'no blob', '[1]'),"
     "(5, 1.5, 1, x'61', 1, 1.0), (6, NULL, 1.7976931348623157e308, '', '',"
     " 0.1 + 0.2)",
     "UPDATE value SET n = i WHERE id < 4; UPDATE value SET n = b WHERE id = 4;"
     "UPDATE value SET b = zeroblob(2) WHERE id = 3;"
     "INSERT INTO value SELECT id + 10, n, i, r, t, b FROM value"}};
}

std::vector<written_tables> statements() {
  return {
    {"replace_ignore_and_upsert",
     "CREATE TABLE mail(id INTEGER PRIMARY KEY, address TEXT UNIQUE COLLATE"
     " NOCASE, n INTEGER DEFAULT 0)",
     {"mail"},
     "INSERT INTO mail(address) VALUES('a'), ('b'), ('c');"
     "INSERT OR REPLACE INTO mail(address, n) VALUES('A', 5);"
     "INSERT OR IGNORE INTO mail(address, n) VALUES('B', 6), ('d', 7)",
     "INSERT INTO mail(address) VALUES('C'), ('e') ON CONFLICT(address) DO"
     " UPDATE SET n = n + 1, address = excluded.address;"
     "UPDATE OR REPLACE mail SET address = 'B' WHERE address = 'd'"},
    {"updates_of_keys_and_from",
     "CREATE TABLE price(item TEXT PRIMARY KEY, price);"
     "CREATE TABLE sale(id INTEGER PRIMARY KEY, item, total)",
     {"price", "sale"},
     "INSERT INTO price VALUES('pen', 2), ('ink', 5);"
     "INSERT INTO sale(item) VALUES('pen'), ('ink'), ('pen')",
     "UPDATE sale SET total = p.price * sale.id FROM price p WHERE p.item ="
     " sale.item; UPDATE price SET item = item || '!'; UPDATE sale SET id ="
     " id + 50"},
    {"triggers_views_and_text_search",
     "CREATE TABLE bill(id INTEGER PRIMARY KEY, item TEXT, n);"
     "CREATE TABLE stock(item TEXT PRIMARY KEY, n);"
     "CREATE TABLE audit(id INTEGER PRIMARY KEY, what);"
     "CREATE VIRTUAL TABLE words USING fts5(item, content=bill,"
     " content_rowid=id);"
     "CREATE VIEW billed AS SELECT item, n FROM bill;"
     "CREATE TRIGGER by_view INSTEAD OF INSERT ON billed BEGIN INSERT INTO"
     " bill(item, n) VALUES(NEW.item, NEW.n); END;"
     "CREATE TRIGGER sold AFTER INSERT ON bill BEGIN UPDATE stock SET n = n -"
     " NEW.n WHERE item = NEW.item; INSERT INTO words(rowid, item) VALUES"
     "(NEW.id, NEW.item); END;"
     "CREATE TRIGGER noted AFTER UPDATE ON stock BEGIN INSERT INTO audit(what)"
     " VALUES(NEW.item || NEW.n); END",
     {"bill", "stock", "audit"},
     "INSERT INTO stock VALUES('pen', 10), ('ink', 10);"
     "INSERT INTO bill(item, n) VALUES('pen', 1), ('ink', 2)",
     "INSERT INTO billed VALUES('pen', 3); UPDATE stock SET n = 0 WHERE item ="
     " 'ink'"},
    {"declarations",
     "CREATE TABLE strict(id INTEGER PRIMARY KEY, i INT, a ANY) STRICT;"
     "CREATE TABLE computed(id INTEGER PRIMARY KEY, x, twice AS (x * 2)"
     " STORED, last AS (substr(x, -1)) VIRTUAL UNIQUE);"
     "CREATE TABLE part(id INTEGER PRIMARY KEY, x, gone DEFAULT 0);"
     "CREATE UNIQUE INDEX living ON part(x) WHERE NOT gone;"
     "CREATE TABLE checked(id INTEGER PRIMARY KEY, x CHECK(x > 0))",
     {"strict", "computed", "part", "checked"},
     "INSERT INTO strict VALUES(1, 1, '1'), (2, 2, 1.0);"
     "INSERT INTO computed(x) VALUES(11), (12), (13);"
     "INSERT INTO part(x, gone) VALUES('a', 1), ('a', 0), ('b', 0);"
     "INSERT OR IGNORE INTO checked(x) VALUES(1), (-1), (2)",
     "UPDATE strict SET a = i; REPLACE INTO computed(x) VALUES(21);"
     "REPLACE INTO part(x) VALUES('a'); UPDATE OR IGNORE checked SET x = x - "
     "1"},
    {"names",
     "CREATE TABLE \"Größe in cm\"(\"it's\" INTEGER PRIMARY KEY, \"say "
     "\"\"x\"\""
     "\", \"select\", [a.b]);"
     "CREATE TABLE \"order\"(\"ключ\" TEXT PRIMARY KEY, \"值\" REFERENCES"
     " \"Größe in cm\"(\"it's\"))",
     {"Größe in cm", "order"},
     "INSERT INTO \"Größe in cm\" VALUES(1, 'x', 'y', 'z');"
     "INSERT INTO \"order\" VALUES('ä', 1)",
     "UPDATE \"Größe in cm\" SET \"say \"\"x\"\"\" = 'new';"
     "INSERT INTO \"order\" VALUES('Ä', 1), ('日本', NULL)"}};
}

written_tables many_columns() {
  written_tables made{"two_hundred_columns",
                      "CREATE TABLE wide(id INTEGER"
                      " PRIMARY KEY",
                      {"wide"},
                      {},
                      {}};
  std::string values;
  for (int i = 1; i < 200; ++i) {
    made.schema += ", c" + std::to_string(i);
    values += ", " + std::to_string(i);
  }
  made.schema += ")";
  made.first = "INSERT INTO wide VALUES(1" + values + "), (2" + values + ")";
  made.second = "UPDATE wide SET c199 = 'last', c1 = NULL WHERE id = 2";
  return made;
}

} // namespace

std::vector<written_tables> all_written_tables() {
  std::vector<written_tables> all;
  for (auto list : {keys(), foreign_keys(), values(), statements()})
    all.insert(all.end(), list.begin(), list.end());
  all.push_back(many_columns());
  return all;
}

} // namespace lockstep
