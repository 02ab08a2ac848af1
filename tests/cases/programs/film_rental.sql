-- A shop that lends films: views with lists, procedures that count copies, full-text kept by triggers.
CREATE TABLE fr_actor (
  actor_id smallint unsigned NOT NULL AUTO_INCREMENT,
  first_name varchar(45) NOT NULL,
  last_name varchar(45) NOT NULL,
  last_update timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (actor_id),
  KEY idx_actor_last_name (last_name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE fr_film (
  film_id smallint unsigned NOT NULL AUTO_INCREMENT,
  title varchar(128) NOT NULL,
  description text,
  rental_rate decimal(4,2) NOT NULL DEFAULT 4.99,
  length smallint unsigned DEFAULT NULL,
  rating enum('G','PG','PG-13','R','NC-17') DEFAULT 'G',
  special_features set('Trailers','Commentaries','Deleted Scenes') DEFAULT NULL,
  PRIMARY KEY (film_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE fr_film_actor (
  actor_id smallint unsigned NOT NULL,
  film_id smallint unsigned NOT NULL,
  PRIMARY KEY (actor_id, film_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE fr_film_text (
  film_id smallint unsigned NOT NULL,
  title varchar(255) NOT NULL,
  description text,
  PRIMARY KEY (film_id),
  FULLTEXT KEY idx_title_description (title, description)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE fr_customer (
  customer_id smallint unsigned NOT NULL AUTO_INCREMENT,
  store_id tinyint unsigned NOT NULL,
  first_name varchar(45) NOT NULL,
  last_name varchar(45) NOT NULL,
  email varchar(50) DEFAULT NULL,
  active tinyint(1) NOT NULL DEFAULT 1,
  create_date datetime NOT NULL,
  PRIMARY KEY (customer_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE fr_inventory (
  inventory_id mediumint unsigned NOT NULL AUTO_INCREMENT,
  film_id smallint unsigned NOT NULL,
  store_id tinyint unsigned NOT NULL,
  PRIMARY KEY (inventory_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE fr_rental (
  rental_id int NOT NULL AUTO_INCREMENT,
  rental_date datetime NOT NULL,
  inventory_id mediumint unsigned NOT NULL,
  customer_id smallint unsigned NOT NULL,
  return_date datetime DEFAULT NULL,
  amount decimal(5,2) NOT NULL DEFAULT 0.00,
  PRIMARY KEY (rental_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

DELIMITER ;;
CREATE TRIGGER `fr_ins_film` AFTER INSERT ON `fr_film` FOR EACH ROW BEGIN
    INSERT INTO fr_film_text (film_id, title, description)
        VALUES (new.film_id, new.title, new.description);
  END;;

CREATE TRIGGER `fr_upd_film` AFTER UPDATE ON `fr_film` FOR EACH ROW BEGIN
    IF (old.title != new.title) OR (old.description != new.description) OR (old.film_id != new.film_id)
    THEN
        UPDATE fr_film_text
            SET title=new.title,
                description=new.description,
                film_id=new.film_id
        WHERE film_id=old.film_id;
    END IF;
  END;;

CREATE TRIGGER `fr_del_film` AFTER DELETE ON `fr_film` FOR EACH ROW BEGIN
    DELETE FROM fr_film_text WHERE film_id = old.film_id;
  END;;
DELIMITER ;

CREATE TRIGGER fr_customer_create_date BEFORE INSERT ON fr_customer
	FOR EACH ROW SET NEW.create_date = NOW();
CREATE TRIGGER fr_rental_date BEFORE INSERT ON fr_rental FOR EACH ROW SET NEW.rental_date = NOW();

CREATE VIEW fr_customer_list
AS
SELECT cu.customer_id AS ID, CONCAT(cu.first_name, _utf8mb4' ', cu.last_name) AS name, cu.email AS `e-mail`,
	IF(cu.active, _utf8mb4'active', _utf8mb4'') AS notes, cu.store_id AS SID
FROM fr_customer AS cu;

CREATE VIEW fr_film_list
AS
SELECT film.film_id AS FID, film.title AS title, film.description AS description, film.rental_rate AS price,
	film.length AS length, film.rating AS rating, GROUP_CONCAT(CONCAT(fr_actor.first_name, _utf8mb4' ', fr_actor.last_name) ORDER BY fr_actor.last_name DESC SEPARATOR ', ') AS actors
FROM fr_film AS film LEFT JOIN fr_film_actor ON film.film_id = fr_film_actor.film_id
 LEFT JOIN fr_actor ON fr_film_actor.actor_id = fr_actor.actor_id
GROUP BY film.film_id, film.title, film.description, film.rental_rate, film.length, film.rating;

CREATE VIEW fr_nicer_list
AS
SELECT fr_film.film_id AS FID,
	GROUP_CONCAT(CONCAT(CONCAT(UCASE(SUBSTR(fr_actor.first_name,1,1)),
	LCASE(SUBSTR(fr_actor.first_name,2,LENGTH(fr_actor.first_name)))),_utf8mb4' ',CONCAT(UCASE(SUBSTR(fr_actor.last_name,1,1)),
	LCASE(SUBSTR(fr_actor.last_name,2,LENGTH(fr_actor.last_name)))))) AS actors
FROM ((fr_film) LEFT JOIN fr_film_actor ON fr_film.film_id = fr_film_actor.film_id)
        LEFT JOIN fr_actor ON fr_film_actor.actor_id = fr_actor.actor_id
GROUP BY fr_film.film_id;

CREATE ALGORITHM=UNDEFINED SQL SECURITY INVOKER VIEW fr_actor_info
AS
SELECT
a.actor_id,
a.first_name,
a.last_name,
(SELECT GROUP_CONCAT(f.title ORDER BY f.title SEPARATOR ', ')
                    FROM fr_film f
                    INNER JOIN fr_film_actor fa
                      ON f.film_id = fa.film_id
                    WHERE fa.actor_id = a.actor_id
                 ) AS film_info
FROM fr_actor a
LEFT JOIN fr_film_actor fa
  ON a.actor_id = fa.actor_id
GROUP BY a.actor_id, a.first_name, a.last_name;

CREATE VIEW fr_sales AS
SELECT CONCAT(c.first_name, _utf8mb4',', c.last_name) AS who, SUM(r.amount) AS total_sales,
  COUNT(DISTINCT r.inventory_id) copies, MAX(r.rental_date) `last`
FROM fr_rental AS r
INNER JOIN fr_customer AS c ON r.customer_id = c.customer_id
GROUP BY c.customer_id, c.first_name, c.last_name
HAVING SUM(r.amount) > 0
ORDER BY total_sales DESC;

DELIMITER $$

CREATE PROCEDURE fr_rewards (
    IN min_monthly_purchases TINYINT UNSIGNED
    , IN min_dollar_amount_purchased DECIMAL(10,2)
    , OUT count_rewardees INT
)
LANGUAGE SQL
NOT DETERMINISTIC
READS SQL DATA
SQL SECURITY DEFINER
COMMENT 'Provides a customizable report on best customers'
proc: BEGIN

    DECLARE last_month_start DATE;
    DECLARE last_month_end DATE;

    /* Some sanity checks... */
    IF min_monthly_purchases = 0 THEN
        SELECT 'Minimum monthly purchases parameter must be > 0';
        LEAVE proc;
    END IF;
    IF min_dollar_amount_purchased = 0.00 THEN
        SELECT 'Minimum monthly dollar amount purchased parameter must be > $0.00';
        LEAVE proc;
    END IF;

    /* Determine start and end time periods */
    SET last_month_start = DATE_SUB(CURRENT_DATE(), INTERVAL 1 MONTH);
    SET last_month_start = STR_TO_DATE(CONCAT(YEAR(last_month_start),'-',MONTH(last_month_start),'-01'),'%Y-%m-%d');
    SET last_month_end = LAST_DAY(last_month_start);

    /*
        Create a temporary storage area for
        Customer IDs.
    */
    CREATE TEMPORARY TABLE tmpCustomer (customer_id SMALLINT UNSIGNED NOT NULL PRIMARY KEY);

    INSERT INTO tmpCustomer (customer_id)
    SELECT p.customer_id
    FROM fr_rental AS p
    WHERE DATE(p.rental_date) BETWEEN last_month_start AND last_month_end
    GROUP BY customer_id
    HAVING SUM(p.amount) > min_dollar_amount_purchased
    AND COUNT(customer_id) > min_monthly_purchases;

    /* Populate OUT parameter with count of found customers */
    SELECT COUNT(*) FROM tmpCustomer INTO count_rewardees;

    SELECT c.*
    FROM tmpCustomer AS t
    INNER JOIN fr_customer AS c ON t.customer_id = c.customer_id;

    /* Clean up */
    DROP TABLE tmpCustomer;
END $$

CREATE FUNCTION fr_balance(p_customer_id INT, p_effective_date DATETIME) RETURNS DECIMAL(5,2)
    DETERMINISTIC
    READS SQL DATA
BEGIN

       #OK, WE NEED TO CALCULATE THE CURRENT BALANCE GIVEN A CUSTOMER_ID AND A DATE
       #   1) RENTAL FEES FOR ALL PREVIOUS RENTALS
       #   2) ONE DOLLAR FOR EVERY DAY THE PREVIOUS RENTALS ARE OVERDUE

  DECLARE v_rentfees DECIMAL(5,2); #FEES PAID TO RENT THE VIDEOS INITIALLY
  DECLARE v_overfees INTEGER;      #LATE FEES FOR PRIOR RENTALS

  SELECT IFNULL(SUM(film.rental_rate),0) INTO v_rentfees
    FROM fr_film film, fr_inventory inventory, fr_rental rental
    WHERE film.film_id = inventory.film_id
      AND inventory.inventory_id = rental.inventory_id
      AND rental.rental_date <= p_effective_date
      AND rental.customer_id = p_customer_id;

  SELECT IFNULL(SUM(IF((TO_DAYS(rental.return_date) - TO_DAYS(rental.rental_date)) > 3,
        ((TO_DAYS(rental.return_date) - TO_DAYS(rental.rental_date)) - 3),0)),0) INTO v_overfees
    FROM fr_rental rental, fr_inventory inventory, fr_film film
    WHERE film.film_id = inventory.film_id
      AND inventory.inventory_id = rental.inventory_id
      AND rental.customer_id = p_customer_id;

  RETURN v_rentfees + v_overfees;
END $$

CREATE FUNCTION fr_held_by(p_inventory_id INT) RETURNS INT
READS SQL DATA
BEGIN
  DECLARE v_customer_id INT;
  DECLARE EXIT HANDLER FOR NOT FOUND RETURN NULL;

  SELECT customer_id INTO v_customer_id
  FROM fr_rental
  WHERE return_date IS NULL
  AND inventory_id = p_inventory_id;

  RETURN v_customer_id;
END $$

CREATE FUNCTION fr_in_stock_fn(p_inventory_id INT) RETURNS BOOLEAN
READS SQL DATA
BEGIN
    DECLARE v_rentals INT;
    DECLARE v_out     INT;

    #AN ITEM IS IN-STOCK IF THERE ARE EITHER NO ROWS IN THE rental TABLE
    #FOR THE ITEM OR ALL ROWS HAVE return_date POPULATED

    SELECT COUNT(*) INTO v_rentals
    FROM fr_rental
    WHERE inventory_id = p_inventory_id;

    IF v_rentals = 0 THEN
      RETURN TRUE;
    END IF;

    SELECT COUNT(rental_id) INTO v_out
    FROM fr_inventory LEFT JOIN fr_rental USING(inventory_id)
    WHERE fr_inventory.inventory_id = p_inventory_id
    AND fr_rental.return_date IS NULL;

    IF v_out > 0 THEN
      RETURN FALSE;
    ELSE
      RETURN TRUE;
    END IF;
END $$

CREATE PROCEDURE fr_film_in_stock(IN p_film_id INT, IN p_store_id INT, OUT p_film_count INT)
READS SQL DATA
BEGIN
     SELECT inventory_id
     FROM fr_inventory
     WHERE film_id = p_film_id
     AND store_id = p_store_id
     AND fr_in_stock_fn(inventory_id);

     SELECT COUNT(*)
     FROM fr_inventory
     WHERE film_id = p_film_id
     AND store_id = p_store_id
     AND fr_in_stock_fn(inventory_id)
     INTO p_film_count;
END $$

DELIMITER ;
