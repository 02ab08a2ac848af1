CREATE TABLE as_the_table (a varchar(10), b char(3), c text, d enum('a')) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE TABLE written_though_equal (
  a varchar(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci, b varchar(10) COLLATE utf8mb4_unicode_ci, c text CHARACTER SET utf8mb4
) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE TABLE different (
  a varchar(10) COLLATE utf8mb4_bin, b varchar(10) CHARACTER SET latin1, c text CHARACTER SET latin1 COLLATE latin1_bin,
  d enum('ä') CHARACTER SET latin1, e set('a') CHARACTER SET utf8mb3, f char(5) CHARACTER SET ascii COLLATE ascii_bin, g char(5) CHARACTER SET ucs2
) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE TABLE latin (a varchar(20) CHARACTER SET utf8mb4, b varchar(20), c varchar(20) COLLATE latin1_swedish_ci, d varchar(10) binary) CHARACTER SET latin1;
CREATE TABLE latin_bin (a varchar(20), b varchar(20) COLLATE latin1_swedish_ci, c varchar(20) CHARACTER SET latin1) CHARACTER SET latin1 COLLATE latin1_bin;
CREATE TABLE asian (a varchar(20), b varchar(20) CHARACTER SET gbk, c varchar(20) CHARACTER SET big5) CHARACTER SET sjis;
CREATE TABLE bytes_by_charset (a varchar(20), b text) CHARACTER SET binary;
CREATE TABLE old_unicode (a varchar(20) CHARACTER SET utf8, b varchar(9) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin) CHARACTER SET utf8mb3;
CREATE TABLE converted (a varchar(20), b text) CHARACTER SET latin1;
ALTER TABLE converted DEFAULT CHARACTER SET utf8mb4, ADD c varchar(20);
