-- A shop system: entity tables with long constraint names, comments everywhere, decimals, cascades.
CREATE TABLE store_website (
  website_id smallint unsigned NOT NULL AUTO_INCREMENT COMMENT 'Website ID',
  code varchar(32) DEFAULT NULL COMMENT 'Code',
  name varchar(64) DEFAULT NULL COMMENT 'Website Name',
  sort_order smallint unsigned NOT NULL DEFAULT '0' COMMENT 'Sort Order',
  is_default smallint unsigned DEFAULT '0' COMMENT 'Defines Is Website Default',
  PRIMARY KEY (website_id),
  UNIQUE KEY STORE_WEBSITE_CODE (code),
  KEY STORE_WEBSITE_SORT_ORDER (sort_order)
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COMMENT='Websites';
CREATE TABLE store (
  store_id smallint unsigned NOT NULL AUTO_INCREMENT COMMENT 'Store ID',
  code varchar(32) DEFAULT NULL COMMENT 'Code',
  website_id smallint unsigned NOT NULL DEFAULT '0' COMMENT 'Website ID',
  is_active smallint unsigned NOT NULL DEFAULT '0' COMMENT 'Store Activity',
  PRIMARY KEY (store_id),
  UNIQUE KEY STORE_CODE (code),
  KEY STORE_WEBSITE_ID (website_id),
  KEY STORE_IS_ACTIVE_SORT_ORDER (is_active,code),
  CONSTRAINT STORE_WEBSITE_ID_STORE_WEBSITE_WEBSITE_ID FOREIGN KEY (website_id) REFERENCES store_website (website_id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COMMENT='Stores';
CREATE TABLE eav_attribute (
  attribute_id smallint unsigned NOT NULL AUTO_INCREMENT COMMENT 'Attribute ID',
  entity_type_id smallint unsigned NOT NULL DEFAULT '0' COMMENT 'Entity Type ID',
  attribute_code varchar(255) NOT NULL COMMENT 'Attribute Code',
  backend_type varchar(8) NOT NULL DEFAULT 'static' COMMENT 'Backend Type',
  is_required smallint unsigned NOT NULL DEFAULT '0' COMMENT 'Defines Is Required',
  default_value text COMMENT 'Default Value',
  PRIMARY KEY (attribute_id),
  UNIQUE KEY EAV_ATTRIBUTE_ENTITY_TYPE_ID_ATTRIBUTE_CODE (entity_type_id,attribute_code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COMMENT='Eav Attribute';
CREATE TABLE catalog_product_entity (
  entity_id int unsigned NOT NULL AUTO_INCREMENT COMMENT 'Entity ID',
  attribute_set_id smallint unsigned NOT NULL DEFAULT '0' COMMENT 'Attribute Set ID',
  type_id varchar(32) NOT NULL DEFAULT 'simple' COMMENT 'Type ID',
  sku varchar(64) DEFAULT NULL COMMENT 'SKU',
  has_options smallint NOT NULL DEFAULT '0' COMMENT 'Has Options',
  created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP COMMENT 'Creation Time',
  updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP COMMENT 'Update Time',
  PRIMARY KEY (entity_id),
  KEY CATALOG_PRODUCT_ENTITY_ATTRIBUTE_SET_ID (attribute_set_id),
  KEY CATALOG_PRODUCT_ENTITY_SKU (sku)
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COMMENT='Catalog Product Table';
CREATE TABLE catalog_product_entity_decimal (
  value_id int NOT NULL AUTO_INCREMENT COMMENT 'Value ID',
  attribute_id smallint unsigned NOT NULL DEFAULT '0' COMMENT 'Attribute ID',
  store_id smallint unsigned NOT NULL DEFAULT '0' COMMENT 'Store ID',
  entity_id int unsigned NOT NULL DEFAULT '0' COMMENT 'Entity ID',
  value decimal(12,4) DEFAULT NULL COMMENT 'Value',
  PRIMARY KEY (value_id),
  UNIQUE KEY CATALOG_PRODUCT_ENTITY_DECIMAL_ENTITY_ID_ATTRIBUTE_ID_STORE_ID (entity_id,attribute_id,store_id),
  KEY CATALOG_PRODUCT_ENTITY_DECIMAL_STORE_ID (store_id),
  KEY CATALOG_PRODUCT_ENTITY_DECIMAL_ATTRIBUTE_ID (attribute_id),
  CONSTRAINT CATALOG_PRODUCT_ENTITY_DECIMAL_STORE_ID_STORE_STORE_ID FOREIGN KEY (store_id) REFERENCES store (store_id) ON DELETE CASCADE,
  CONSTRAINT CAT_PRD_ENTT_DEC_ATTR_ID_EAV_ATTR_ATTR_ID FOREIGN KEY (attribute_id) REFERENCES eav_attribute (attribute_id) ON DELETE CASCADE,
  CONSTRAINT CAT_PRD_ENTT_DEC_ENTT_ID_CAT_PRD_ENTT_ENTT_ID FOREIGN KEY (entity_id) REFERENCES catalog_product_entity (entity_id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COMMENT='Catalog Product Decimal Attribute Backend Table';
CREATE TABLE sales_order (
  entity_id int unsigned NOT NULL AUTO_INCREMENT COMMENT 'Entity ID',
  state varchar(32) DEFAULT NULL COMMENT 'State',
  status varchar(32) DEFAULT NULL COMMENT 'Status',
  store_id smallint unsigned DEFAULT NULL COMMENT 'Store ID',
  base_grand_total decimal(20,4) DEFAULT NULL COMMENT 'Base Grand Total',
  weight decimal(12,4) DEFAULT NULL COMMENT 'Weight',
  increment_id varchar(50) DEFAULT NULL COMMENT 'Increment ID',
  remote_ip varchar(45) DEFAULT NULL COMMENT 'Remote IP',
  customer_note text COMMENT 'Customer Note',
  created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP COMMENT 'Created At',
  PRIMARY KEY (entity_id),
  UNIQUE KEY SALES_ORDER_INCREMENT_ID_STORE_ID (increment_id,store_id),
  KEY SALES_ORDER_STATUS (status),
  KEY SALES_ORDER_STORE_ID (store_id),
  CONSTRAINT SALES_ORDER_STORE_ID_STORE_STORE_ID FOREIGN KEY (store_id) REFERENCES store (store_id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COMMENT='Sales Flat Order';
CREATE TABLE search_tmp (
  entity_id int unsigned NOT NULL,
  score double NOT NULL,
  KEY SEARCH_TMP_ENTITY (entity_id) USING HASH
) ENGINE=MEMORY DEFAULT CHARSET=utf8;
