-- Posts, terms, pages and links of content management, and a shop's prices beside them.
CREATE TABLE `wp_posts` (
  `ID` bigint(20) unsigned NOT NULL auto_increment,
  `post_author` bigint(20) unsigned NOT NULL default '0',
  `post_title` text NOT NULL,
  `post_status` varchar(20) NOT NULL default 'publish',
  `post_modified` datetime NOT NULL default '1970-01-02 00:00:00',
  `comment_count` bigint(20) NOT NULL default '0',
  PRIMARY KEY  (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE `wp_comments` (
  `comment_ID` bigint(20) unsigned NOT NULL auto_increment,
  `comment_post_ID` bigint(20) unsigned NOT NULL default '0',
  `comment_approved` varchar(20) NOT NULL default '1',
  PRIMARY KEY  (`comment_ID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE catalog_price (
  entity_id int unsigned NOT NULL,
  website_id smallint unsigned NOT NULL,
  customer_group_id int unsigned NOT NULL,
  price decimal(20,6) DEFAULT NULL,
  PRIMARY KEY (entity_id, customer_group_id, website_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE catalog_price_cl (
  version_id int unsigned NOT NULL AUTO_INCREMENT,
  entity_id int unsigned NOT NULL DEFAULT 0,
  PRIMARY KEY (version_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE page (
  page_id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  page_namespace int NOT NULL,
  page_title varbinary(255) NOT NULL,
  page_touched binary(14) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=binary;

CREATE VIEW `wp_published` AS select `p`.`ID` AS `ID`,`p`.`post_title` AS `post_title`,(select count(0) from `wp_comments` where ((`wp_comments`.`comment_post_ID` = `p`.`ID`) and (`wp_comments`.`comment_approved` = '1'))) AS `comments` from `wp_posts` `p` where (`p`.`post_status` = 'publish');
create view page_titles as select page_id, convert(page_title using utf8mb4) title, concat(page_namespace, ':', page_title) as `full`, str_to_date(convert(page_touched using utf8mb4), '%Y%m%d%H%i%s') touched from page;
CREATE SQL SECURITY INVOKER VIEW catalog_inventory_stock_1 AS SELECT DISTINCT p.entity_id AS product_id, p.website_id, SUM(p.price) AS quantity, CASE WHEN SUM(p.price) > 0 THEN 1 ELSE 0 END AS is_salable FROM catalog_price p INNER JOIN catalog_price_cl AS legacy ON p.entity_id = legacy.entity_id GROUP BY p.entity_id, p.website_id;

DELIMITER ;;
CREATE TRIGGER trg_catalog_price_after_insert AFTER INSERT ON catalog_price FOR EACH ROW
BEGIN
INSERT IGNORE INTO `catalog_price_cl` (`entity_id`) VALUES (NEW.`entity_id`);
END;;
CREATE TRIGGER trg_catalog_price_after_update AFTER UPDATE ON catalog_price FOR EACH ROW
BEGIN
IF (NOT(NEW.`entity_id` <=> OLD.`entity_id`) OR NOT(NEW.`price` <=> OLD.`price`)) THEN INSERT IGNORE INTO `catalog_price_cl` (`entity_id`) VALUES (NEW.`entity_id`); END IF;
END;;
CREATE TRIGGER trg_catalog_price_after_delete AFTER DELETE ON catalog_price FOR EACH ROW
BEGIN
SET @entity_id = (SELECT `entity_id` FROM `catalog_price_cl` WHERE `version_id` = OLD.`entity_id`);
INSERT IGNORE INTO `catalog_price_cl` (`entity_id`) VALUES (OLD.`entity_id`);
END;;
CREATE TRIGGER wp_count_up AFTER INSERT ON wp_comments FOR EACH ROW
  UPDATE wp_posts SET comment_count = comment_count + 1 WHERE ID = NEW.comment_post_ID AND NEW.comment_approved = '1';;
CREATE TRIGGER wp_count_down AFTER DELETE ON wp_comments FOR EACH ROW
  UPDATE wp_posts SET comment_count = GREATEST(0, CAST(comment_count AS SIGNED) - 1) WHERE ID = OLD.comment_post_ID;;
CREATE PROCEDURE wp_cleanup(days INT)
  /* a comment where nobody expects one */ COMMENT 'removes -- old; # drafts' -- and here
  MODIFIES SQL DATA # and here
BEGIN /* nested /* looking */
  DELETE p, c FROM wp_posts AS p LEFT JOIN wp_comments AS c ON c.comment_post_ID = p.ID
    WHERE p.post_status = 'auto-draft' AND p.post_modified < NOW() - INTERVAL days DAY;
  DELETE FROM wp_comments WHERE comment_approved = 'spam' ORDER BY comment_ID LIMIT 1000;
  OPTIMIZE TABLE wp_comments;
  TRUNCATE TABLE catalog_price_cl;
  LOOP_1: LOOP LEAVE LOOP_1; END LOOP;
  SELECT COUNT(*) FROM wp_posts, wp_comments WHERE wp_posts.ID = wp_comments.comment_post_ID;
END;;
DELIMITER ;
