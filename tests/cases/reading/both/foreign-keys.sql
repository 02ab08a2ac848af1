CREATE TABLE parents (id int NOT NULL, a int NOT NULL, b int NOT NULL, PRIMARY KEY (id), UNIQUE KEY ab (a,b));
CREATE TABLE children (
  id int NOT NULL, parent int, a int, b int, other int, PRIMARY KEY (id), KEY ab (a,b),
  CONSTRAINT named FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE,
  CONSTRAINT wide FOREIGN KEY (a,b) REFERENCES parents (a,b) ON DELETE SET NULL ON UPDATE CASCADE,
  FOREIGN KEY (other) REFERENCES parents (id), FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE RESTRICT ON UPDATE NO ACTION,
  CONSTRAINT no_action FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE NO ACTION ON UPDATE RESTRICT,
  CONSTRAINT self FOREIGN KEY (other) REFERENCES children (id) ON UPDATE SET NULL
);
CREATE TABLE far (a int, b int, FOREIGN KEY (a) REFERENCES elsewhere.parents (id), CONSTRAINT c FOREIGN KEY (b) REFERENCES `else where`.`par``ents` (id));
CREATE TABLE orphan (a int, CONSTRAINT orphan FOREIGN KEY (a) REFERENCES missing (id));
CREATE TABLE `fk names` (`a b` int, c int, CONSTRAINT `odd name, (x)` FOREIGN KEY (`a b`) REFERENCES missing (`c d`), CONSTRAINT two FOREIGN KEY (c,`a b`) REFERENCES missing (x,`y z`));
