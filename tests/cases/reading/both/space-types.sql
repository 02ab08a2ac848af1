CREATE TABLE shapes (
  a geometry, b point, c linestring, d polygon, e multipoint, f multilinestring, g multipolygon, h geometrycollection,
  i geometry NOT NULL, j point NOT NULL COMMENT 'here', SPATIAL KEY i (i), SPATIAL KEY at_point (j) COMMENT 'k'
);
